import { RunnerError } from "../lib/errors.ts";
import type { LuaModule } from "../modules/module.ts";

/** What each module may do while a file is only looked at; modules that are not here have no effects. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  state: [
    "get",
    "need",
    "get_many",
    "exists",
    "keys",
    "list",
    "scan",
    "get_ttl",
    "list_length",
    "list_range",
    "is_locked",
    "stats",
  ],
  exec: [],
  fs: ["read", "exists", "stat", "list", "glob", "hash"],
  os: ["time", "clock", "date", "difftime", "getenv", "exit"],
};

/**
 * The module as a file sees it that is only looked at (`list`, `check`, `graph`, a dry run): a function that would
 * change something outside raises an error that says to move it into a task.
 */
export function forbidEffects(module: LuaModule, file: string): LuaModule {
  const harmless = HARMLESS[module.name];
  if (harmless === undefined) return module;
  const functions = Object.entries(module.functions).map(([name, run]) => {
    if (harmless.includes(name)) return [name, run] as const;
    const refuse = () => {
      throw new RunnerError(
        "invalid",
        `Cannot call ${module.name}.${name} at the top level of ${file}: the file is only looked at now. Move the call into a task.`,
      );
    };
    return [name, refuse] as const;
  });
  return { ...module, functions: Object.fromEntries(functions) };
}
