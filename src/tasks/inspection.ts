import { RunnerError } from "../lib/errors.ts";
import { calleeOf } from "../modules/bind.ts";
import type { LuaModule } from "../modules/module.ts";

/** What the state may do while a file is only looked at; the definitions of all other modules say it themselves. */
const STATE_READS = [
  "get",
  "need",
  "get_many",
  "exists",
  "keys",
  "list",
  "scan",
  "get_ttl",
  "get_at",
  "history",
  "list_length",
  "list_range",
  "is_locked",
  "stats",
];
const HARMLESS: Readonly<Record<string, readonly string[]>> = { state: STATE_READS, State: STATE_READS };

/**
 * The module as a file sees it that is only looked at (`list`, `check`, `graph`, a dry run): a function that would
 * change something outside raises an error that says to move it into a task.
 */
export function forbidEffects(module: LuaModule, file: string): LuaModule {
  const harmless = HARMLESS[module.name] ?? namesWithout(module, module.effects ?? []);
  const functions = Object.entries(module.functions).map(([name, run]) => {
    if (harmless.includes(name)) return [name, run] as const;
    return [name, () => refuseEffect(calleeOf(module, name), file)] as const;
  });
  return { ...module, functions: Object.fromEntries(functions) };
}

/** Raises the error for a call that would change something while a file is only looked at. */
export function refuseEffect(callee: string, file: string): never {
  throw new RunnerError(
    "invalid",
    `Cannot call ${callee} at the top level of ${file}: the file is only looked at now. Move the call into a task.`,
  );
}

function namesWithout(module: LuaModule, effects: readonly string[]): string[] {
  return Object.keys(module.functions).filter((name) => !effects.includes(name));
}
