import { chain } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import { calleeOf } from "../modules/bind.ts";
import type { HostFunction, LuaModule } from "../modules/module.ts";

/**
 * The module as a file sees it that is only looked at (`list`, `check`, `graph`, a dry run): a function that would
 * change something outside raises an error that says to move it into a task.
 */
export function forbidEffects(module: LuaModule, file: string): LuaModule {
  const harmless = module.harmless ?? [];
  const functions = Object.entries(module.functions).map(([name, run]) => {
    if (harmless.includes(name)) return [name, run] as const;
    return [name, () => refuseEffect(calleeOf(module, name), file)] as const;
  });
  return { ...module, functions: Object.fromEntries(functions) };
}

/** Modules whose functions know how only to say what they would change, in the field `diff` of their result. */
const HONOURS_DRY_RUN = ["file"];

/** The module in a dry run: as `forbidEffects` has it, or with what its functions would change shown. */
export function pretendEffects(module: LuaModule, file: string, show: (diff: string) => void): LuaModule {
  if (!HONOURS_DRY_RUN.includes(module.name)) return forbidEffects(module, file);
  const functions = Object.entries(module.functions).map(([name, run]): [string, HostFunction] => [
    name,
    (...args) =>
      chain(run(...args), (result) => {
        const diff = result !== null && typeof result === "object" && "diff" in result ? result.diff : "";
        if (typeof diff === "string" && diff !== "") show(diff);
        return result;
      }),
  ]);
  return { ...module, functions: Object.fromEntries(functions) };
}

/** Raises the error for a call that would change something while a file is only looked at. */
export function refuseEffect(callee: string, file: string): never {
  throw new RunnerError(
    "invalid",
    `Cannot call ${callee} at the top level of ${file}: the file is only looked at now. Move the call into a task.`,
  );
}
