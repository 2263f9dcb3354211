import { RunnerError } from "../lib/errors.ts";
import { isRecord } from "./arguments.ts";
import { defineFunction, type ModuleDef } from "./define.ts";
import type { LuaRecord, LuaValue } from "./module.ts";

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
        description:
          "A value, `db.host` for one inside of another; an error that says how to give it when it was not given.",
        args: (z) => ({ name: z.string() }),
        returns: "any",
        example: 'assert(not pcall(values.require, "version"))',
        run({ name }) {
          const value = find(values, name);
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

/** As `--set` takes names: with dots between those of tables, where no value has the whole name. */
function find(values: LuaRecord, name: string): LuaValue {
  if (Object.hasOwn(values, name)) return values[name];
  let found: LuaValue = values;
  for (const part of name.split(".")) {
    found = isRecord(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  }
  return found;
}
