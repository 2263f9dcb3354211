import { z } from "zod";
import type { ArgDef, Completion } from "../lib/command-args.ts";
import type { PluginDef } from "./contract.ts";
import { API_VERSION } from "./define.ts";
import { explainIssue } from "./issues.ts";
import { refuse } from "./problem.ts";

/** A definition whose parts have been looked at. */
export type Definition = PluginDef<
  z.ZodType,
  Readonly<Record<string, Readonly<Record<string, readonly z.ZodType[]>>>>
>;

const NAME = /^[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*$/;
/** What can be a global of Lua or a field, but for its keywords. */
export const LUA_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const text = z.string();
const fn = z.custom((value) => typeof value === "function", "expected a function");
const schema = z.custom<z.ZodType>(
  (value) => typeof value === "object" && value !== null && "_zod" in value,
  "expected a schema of zod, such as z.string()",
);
const named = (pattern: RegExp, what: string) =>
  text.regex(pattern, `a ${what} is made of letters, digits and _`);

const LOOKED_UP: readonly unknown[] = ["key", "lock", "task"] satisfies Completion[];

const ARG = z.custom<ArgDef>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    ["positional", "string", "boolean", "enum"].includes(String(value.type)) &&
    "description" in value &&
    typeof value.description === "string" &&
    (value.type !== "enum" || ("options" in value && Array.isArray(value.options))) &&
    (value.type !== "string" || "valueHint" in value) &&
    (!("completes" in value) || Array.isArray(value.completes) || LOOKED_UP.includes(value.completes)),
  'expected an argument such as { type: "positional", description: "…" } or { type: "string", valueHint: "NAME", description: "…" }',
);

const COMMAND = z.strictObject({
  summary: text,
  args: z.record(named(/^[a-z][a-z0-9-]*$/, "argument's name"), ARG).optional(),
  details: text.optional(),
  examples: z.array(text).optional(),
  run: fn,
});

const COMMAND_NAME = named(NAME, "command's name");

const DEFINITION = z.strictObject({
  name: text.regex(NAME, "a plugin's name is made of letters and digits, with _ or - between them"),
  version: text.optional(),
  description: text.optional(),
  api: z
    .custom(
      (value) => value === undefined || value === API_VERSION,
      `this runner has version ${API_VERSION} of the API`,
    )
    .optional(),
  config: schema.optional(),
  setup: fn.optional(),
  close: fn.optional(),
  modules: z
    .record(
      named(LUA_NAME, "module's name"),
      z.record(
        named(LUA_NAME, "function's name"),
        z.strictObject({
          args: z.array(schema).optional(),
          description: text.optional(),
          returns: text.optional(),
          example: text.optional(),
          effect: z.boolean().optional(),
          run: fn,
        }),
      ),
    )
    .optional(),
  commands: z
    .record(
      COMMAND_NAME,
      z.custom(
        (value) => typeof value === "object" && value !== null,
        "expected a command: { summary, run }",
      ),
    )
    .optional(),
  hooks: z
    .strictObject({
      runStart: fn.optional(),
      runEnd: fn.optional(),
      taskStart: fn.optional(),
      taskEnd: fn.optional(),
      stateChange: fn.optional(),
    })
    .optional(),
  backends: z
    .record(
      named(/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/, "backend's name"),
      z.strictObject({ description: text, schemes: z.array(text).optional(), open: fn }),
    )
    .optional(),
});

const GROUP = z.strictObject({ summary: text, commands: z.record(COMMAND_NAME, COMMAND) });

/** The definition that a plugin's file gave. Raises `invalid` with the reason alone: which part is not as it should be. */
export function validate(exported: unknown): Definition {
  if (typeof exported !== "object" || exported === null || Array.isArray(exported)) {
    const what = exported === null ? "null" : Array.isArray(exported) ? "a list" : typeof exported;
    throw refuse(`its default export is no plugin but ${what}. Write: export default definePlugin({ … }).`);
  }
  const problem = explainIssue(DEFINITION, exported, "") ?? commandProblem(exported);
  if (problem !== undefined) throw refuse(`${problem} Compare it with a new one: runner plugin new NAME`);
  // The schema has looked at every part that is used.
  return exported as Definition;
}

/** A command and a group of them are told apart by what they have, so that the message is about the one that was meant. */
function commandProblem(exported: object): string | undefined {
  if (!("commands" in exported) || typeof exported.commands !== "object" || exported.commands === null)
    return undefined;
  for (const [name, command] of Object.entries(exported.commands)) {
    const isGroup = typeof command === "object" && command !== null && "commands" in command;
    const problem = explainIssue(isGroup ? GROUP : COMMAND, command, `commands.${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What the plugin's own schema makes of its settings. Raises `invalid` with the reason alone. */
export function readSettings({ name, config }: Definition, given: unknown, origin: string): unknown {
  if (config === undefined) return given ?? {};
  const path = `plugins.config.${name}`;
  // Nothing set is an empty table to a schema that does not speak of nothing.
  const value = given === undefined && !config.safeParse(undefined).success ? {} : given;
  const problem = explainIssue(config, value, path);
  if (problem !== undefined) {
    throw refuse(
      given === undefined
        ? `its settings are missing: ${problem} Set ${path} in a config file.`
        : `${problem} It is set in ${origin}.`,
    );
  }
  return config.parse(value);
}
