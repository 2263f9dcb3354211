import { createRecord } from "../lib/value.ts";
import type { CurrentContext } from "./context.ts";
import type { ModuleDef } from "./define.ts";
import type { LuaModule, LuaRecord } from "./module.ts";
import words from "./params.lua" with { type: "text" };
import { raise } from "./raise.ts";

/** Lua that makes `params` a view of what is passed to the task that looks. */
export const PARAMS_WORDS = words;

/** The Lua module `params`: for functions that a task calls and that do not get its parameters as an argument. */
export const paramsModule: ModuleDef = {
  name: "params",
  description:
    "The `params` of the task that looks, also from functions and coroutines that it calls; where no task runs, the values of the run. `params.x` is nil when it was not given, and nothing can be set; `params()` is a table of all of them.",
  open: true,
  functions: {},
};

/** What PARAMS_WORDS asks. */
export function createParamsFunctions({
  current,
  values,
}: {
  readonly current: CurrentContext;
  readonly values: LuaRecord;
}): LuaModule["functions"] {
  const params = () => current().params ?? values;
  return {
    raise,
    get: (name) => (typeof name === "string" && Object.hasOwn(params(), name) ? params()[name] : undefined),
    all: () => Object.assign(createRecord(), params()),
  };
}
