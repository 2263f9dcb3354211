import { reflow } from "../lib/text.ts";
import type { ArgDef, ArgsDef, Command, Group } from "./command.ts";
import { COMMON } from "./options.ts";
import type { Style } from "./output.ts";

/** How wide lines of prose are, where the terminal has room for it or not. */
const PROSE_COLUMNS = 96;

/** The help of one command. `path` is how it is called, such as `runner state get`. */
export function renderCommandHelp(path: string, summary: string, command: Command, style: Style): string {
  const defs = Object.entries<ArgDef>({ ...command.args, ...COMMON });
  const positionals = defs.filter(([, def]) => def.type === "positional");
  const options = defs.filter(([, def]) => def.type !== "positional");
  const words = positionals.map(([name, def]) => ` ${usageWord(name, def)}`).join("");
  const parts = [`${summary}.`, `${style.bold("Usage:")} ${path}${words} [options]`];
  if (command.details !== undefined) parts.push(reflow(command.details, PROSE_COLUMNS));
  if (positionals.length > 0) {
    const rows = positionals.map(([name, def]) => [name.toUpperCase(), def.description] as const);
    parts.push(section("Arguments", rows, style));
  }
  parts.push(
    section(
      "Options",
      options.map(([name, def]) => [optionWord(name, def), def.description] as const),
      style,
    ),
  );
  if (command.examples.length > 0) parts.push(renderExamples(command.examples, style));
  return parts.join("\n\n");
}

/** The help of a group of commands; that of the program itself when `path` is its name alone. */
export function renderGroupHelp(
  path: string,
  group: Group,
  style: Style,
  added: Group["commands"] = {},
): string {
  const rowsOf = (commands: Group["commands"]) =>
    Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  const rows = rowsOf(group.commands);
  const more = rowsOf(added);
  const options: ArgsDef = path.includes(" ") ? COMMON : { ...COMMON, version: VERSION };
  return [
    `${group.summary}.`,
    `${style.bold("Usage:")} ${path} COMMAND [options]`,
    section("Commands", rows, style),
    ...(more.length > 0 ? [section("Commands of plugins", more, style)] : []),
    section(
      "Options",
      Object.entries(options).map(([name, def]) => [optionWord(name, def), def.description] as const),
      style,
    ),
    ...(group.examples.length > 0 ? [renderExamples(group.examples, style)] : []),
    `More about one of them: ${path} COMMAND --help`,
  ].join("\n\n");
}

/** The program's own option, which only stands alone. */
const VERSION: ArgDef = { type: "boolean", alias: "V", description: "Which build this is" };

function usageWord(name: string, def: ArgDef): string {
  const word = `${name.toUpperCase()}${"rest" in def && def.rest ? "…" : ""}`;
  return "required" in def && def.required === false ? `[${word}]` : word;
}

function optionWord(name: string, def: ArgDef): string {
  const short = "alias" in def && def.alias !== undefined ? `-${def.alias}, ` : "    ";
  const value =
    def.type === "string" ? ` ${def.valueHint}` : def.type === "enum" ? ` ${def.options.join("|")}` : "";
  return `${short}--${name}${value}`;
}

function section(title: string, rows: readonly (readonly [string, string])[], style: Style): string {
  const width = Math.max(...rows.map(([word]) => word.length));
  const lines = rows.map(([word, description]) => `  ${word.padEnd(width)}  ${style.dim(description)}`);
  return [style.bold(`${title}:`), ...lines].join("\n");
}

function renderExamples(examples: readonly string[], style: Style): string {
  return [
    style.bold(examples.length === 1 ? "Example:" : "Examples:"),
    ...examples.map((line) => `  ${line}`),
  ].join("\n");
}
