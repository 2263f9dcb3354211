import { RunnerError } from "../lib/errors.ts";
import { Arguments } from "./arguments.ts";
import type { LuaModule, LuaRecord } from "./module.ts";

/** The Lua module `values`: what the user gave to this run. `values.x` is nil when it was not given. */
export function createValuesModule(values: LuaRecord): LuaModule {
  return {
    name: "values",
    fields: values,
    functions: {
      require: (...given) => {
        const name = new Arguments("values.require", given).string(0, "name");
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        if (value !== undefined) return value;
        throw new RunnerError(
          "not_found",
          `Cannot find the value "${name}": it was not given. Add --set ${name}=…`,
        );
      },
    },
  };
}
