import { hostname } from "node:os";
import { RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import { defineFunction, type ModuleDef } from "./define.ts";
import type { ModuleHost } from "./host.ts";
import { SameArgument } from "./module.ts";

/** A variable of the environment; `HOSTNAME`, which shells know but seldom hand on, is filled in. */
export function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined && name === "HOSTNAME" ? hostname() : value;
}

/** The Lua module `env`: the environment of this process. */
export function createEnvModule({ permits, secrets }: Pick<ModuleHost, "permits" | "secrets">): ModuleDef {
  const read = (name: string, callee: string) => {
    permits.check("env", name, callee);
    const value = environmentVariable(name);
    secrets.note(name, value);
    return value;
  };
  return {
    name: "env",
    description: "The environment of this process.",
    effect: false,
    functions: {
      get: defineFunction({
        description: "A variable, else the default, else nil.",
        args: (z) => ({ name: z.string(), default: z.any() }),
        returns: "string?",
        example: 'assert(env.get("NO_SUCH_VARIABLE", "none") == "none")',
        permission: "env",
        // The default itself, which may be what the host has no value for.
        run: ({ name }) => read(name, "env.get") ?? new SameArgument(2),
      }),

      require: defineFunction({
        description: "A variable; an error when it is not set or empty.",
        args: (z) => ({ name: z.string() }),
        returns: "string",
        example: "assert(env.require('HOSTNAME') ~= '')",
        permission: "env",
        run({ name }) {
          const value = read(name, "env.require");
          if (value) return value;
          const state = value === undefined ? "not set" : "empty";
          throw new RunnerError(
            "not_found",
            `Cannot read the environment variable "${name}": it is ${state}. Set it: ${name}=… runner run …`,
          );
        },
      }),

      all: defineFunction({
        description: "All variables, as a table.",
        returns: "table<string, string>",
        example: 'for name in pairs(env.all()) do assert(type(name) == "string") end',
        permission: "env",
        run() {
          const names = Object.keys(process.env);
          for (const name of names) permits.check("env", name, "env.all");
          const all = Object.assign(createRecord(), process.env);
          secrets.note("", all);
          return all;
        },
      }),
    },
  };
}
