import { resolve } from "node:path";
import { findEnvironment, type ValueSources } from "../tasks/values.ts";
import type { ArgsDef } from "./command.ts";

/** Options of all commands that load a task file: what it gets as `values`. */
export const VALUES = {
  set: {
    type: "string",
    multiple: true,
    valueHint: "NAME=VALUE",
    description: "A value for the script: values.NAME",
  },
  values: {
    type: "string",
    multiple: true,
    valueHint: "FILE",
    description: "Values from a .yaml, .toml or .json file; later files win",
  },
  env: {
    type: "string",
    valueHint: "NAME",
    description: "Values from values.NAME.yaml beside the task file",
  },
} as const satisfies ArgsDef;

/** Where the values of a task file come from, by what the command line says. Raises `not_found` for `--env`. */
export function valueSources(
  args: {
    readonly set: readonly string[];
    readonly values: readonly string[];
    readonly env?: string | undefined;
  },
  taskFile: string,
): ValueSources {
  const environment = args.env === undefined ? [] : [findEnvironment(args.env, taskFile)];
  return {
    files: [...environment, ...args.values.map((file) => resolve(file))],
    assignments: args.set,
  };
}
