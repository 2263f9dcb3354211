import { RunnerError } from "../lib/errors.ts";
import { defineFunction, type ModuleDef } from "./define.ts";
import type { LuaRecord } from "./module.ts";

/** The Lua module `values`: what the user gave to this run. `values.x` is nil when it was not given. */
export function createValuesModule(values: LuaRecord): ModuleDef {
  const fields = Object.entries(values).map(
    ([name, value]) => [name, { value, description: "Given to this run.", type: "any" }] as const,
  );
  return {
    name: "values",
    description: "What was given to this run with `--set` and `--values`; `values.x` is nil when it was not.",
    fields: Object.fromEntries(fields),
    open: true,
    effect: false,
    functions: {
      require: defineFunction({
        description: "A value; an error that says how to give it when it was not given.",
        args: (z) => ({ name: z.string() }),
        returns: "any",
        example: 'assert(not pcall(values.require, "version"))',
        run({ name }) {
          const value = Object.hasOwn(values, name) ? values[name] : undefined;
          if (value !== undefined) return value;
          throw new RunnerError(
            "not_found",
            `Cannot find the value "${name}": it was not given. Add --set ${name}=…`,
          );
        },
      }),
    },
  };
}
