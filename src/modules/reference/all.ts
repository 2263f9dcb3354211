import { defineGlobals, defineModules, type ModulesHost } from "../all.ts";
import type { ModuleDef } from "../define.ts";
import { UNLIMITED } from "../permits.ts";
import { asyncReference, languageReference } from "./lua.ts";
import { stateReference } from "./state.ts";

/** Every module that scripts see, for documentation and editors: nothing of it is called. */
export function listModules(): ModuleDef[] {
  const host: ModulesHost = {
    current: () => ({ cwd: "/" }),
    permits: UNLIMITED,
    values: {},
    log: () => undefined,
    output: () => undefined,
    exit: () => Promise.reject(new Error("a reference runs nothing")),
  };
  const globals = defineGlobals(host);
  const session: ModuleDef = {
    ...stateReference,
    name: "State",
    description:
      "The functions of `state` on a store that lives for the run, in memory, shared by its tasks.",
    functions: {},
  };
  return [
    stateReference,
    session,
    ...defineModules(host),
    asyncReference,
    { ...languageReference, functions: { ...globals.functions, ...languageReference.functions } },
  ];
}
