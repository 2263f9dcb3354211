import type { z } from "zod";
import type { ArgsDef } from "../lib/command-args.ts";
import type { PluginCommand, PluginDef } from "./contract.ts";

/** The version of the API that this runner has. */
export const API_VERSION = 1;

/** A definition as the loader gets it: its parts are checked there. */
export interface Plugin {
  readonly name: string;
}

/** Gives the parts of a plugin their types. The default export of a plugin's file is what it returns. */
export function definePlugin<
  S extends z.ZodType = z.ZodType<Readonly<Record<string, unknown>>>,
  const M = unknown,
>(plugin: PluginDef<S, M>): Plugin {
  return plugin;
}

/** Gives a command's `run` the types of its arguments. */
export function defineCommand<const A extends ArgsDef, C = unknown>(
  command: PluginCommand<A, C>,
): PluginCommand {
  // Seen from outside, a command takes whatever its own words let through.
  return command as unknown as PluginCommand;
}
