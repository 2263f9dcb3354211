import { defineGlobals, defineModules, type ModulesHost } from "../all.ts";
import type { ModuleDef } from "../define.ts";
import { UNLIMITED } from "../permits.ts";
import { NO_SECRETS } from "../secrets.ts";
import { STATE_MODULES } from "../state/module.ts";
import { asyncReference, languageReference } from "./lua.ts";

/** Every module that scripts see, for documentation and editors: nothing of it is called. */
export function listModules(): ModuleDef[] {
  const host: ModulesHost = {
    current: () => ({ cwd: "/" }),
    permits: UNLIMITED,
    secrets: NO_SECRETS,
    values: {},
    log: () => undefined,
    output: () => undefined,
    exit: () => {
      throw new Error("a reference runs nothing");
    },
  };
  const globals = defineGlobals(host);
  return [
    ...STATE_MODULES,
    ...defineModules(host),
    asyncReference,
    { ...languageReference, functions: { ...globals.functions, ...languageReference.functions } },
  ];
}
