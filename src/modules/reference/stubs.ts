import { calleeOf } from "../bind.ts";
import type { FunctionDef, ModuleDef } from "../define.ts";
import { parametersOf, returnsOf } from "./signature.ts";
import type { WordDef } from "./word.ts";

/** The name of the file for a module's types. On some disks `State.lua` would be `state.lua`. */
export function stubFile({ name }: ModuleDef): string {
  if (name === "") return "globals.lua";
  return name === name.toLowerCase() ? `${name}.lua` : `${name}-.lua`;
}

/** Pure: a module as a file of types for the Lua language server, with the reference as comments. */
export function renderStub(module: ModuleDef): string {
  const head = ["---@meta", ""];
  if (module.name !== "") {
    head.push(comment(module.description), `---@class ${module.name}lib`);
    for (const [name, { type, description }] of Object.entries(module.fields ?? {})) {
      head.push(`---@field ${name} ${type} ${description}`);
    }
    if (module.open) head.push("---@field [string] any");
    head.push(`${module.name} = {}`, "");
  }
  const functions = Object.entries(module.functions).flatMap(([name, definition]) => [
    renderFunction(module, name, definition),
    ...(definition.aliases ?? []).map((alias) => renderAlias(module, alias, name)),
  ]);
  const body = [...head, ...functions].join("\n");
  return module.name === "" ? `${body}\n` : `${body}\nreturn ${module.name}\n`;
}

/** Pure: words as a file of types for the Lua language server, with the reference as comments. */
export function renderWords(words: readonly WordDef[]): string {
  const parts = words.map(({ description, example, fields = {}, type, declaration }) => {
    const own = Object.entries(fields).map(
      ([name, field]) => `---@field ${name} ${field.type} ${field.description}`,
    );
    const comments = [comment(description), "---", "---```lua", comment(example), "---```"];
    const named = type === undefined ? [] : [...comments, `---@class ${type}`, ...own, ""];
    if (declaration === undefined) return named;
    // The comments go with what follows them directly.
    const [, before = "", declared = ""] = /^([\s\S]*\n\n)?([\s\S]*)$/.exec(declaration) ?? [];
    return [...named, `${before}${[...comments, declared].join("\n")}`, ""];
  });
  return `${["---@meta", "", ...parts.flat()].join("\n")}\n`;
}

function renderFunction(module: ModuleDef, name: string, definition: FunctionDef<never>): string {
  const parameters = parametersOf(definition);
  return [
    comment(definition.description),
    "---",
    "---```lua",
    comment(definition.example),
    "---```",
    ...parameters.map(({ name: word, type, optional }) => {
      const mark = optional && word !== "..." ? "?" : "";
      return `---@param ${safe(word)}${mark} ${type}`;
    }),
    ...returnsOf(definition).map((type) => `---@return ${type}`),
    `function ${calleeOf(module, name)}(${parameters.map(({ name: word }) => safe(word)).join(", ")}) end`,
    "",
  ].join("\n");
}

function renderAlias(module: ModuleDef, alias: string, name: string): string {
  return `---@deprecated the same as ${calleeOf(module, name)}\n${calleeOf(module, alias)} = ${calleeOf(module, name)}\n`;
}

function comment(text: string): string {
  return text
    .split("\n")
    .map((line) => `---${line}`)
    .join("\n");
}

const KEYWORDS = [
  "and",
  "end",
  "for",
  "function",
  "if",
  "in",
  "local",
  "nil",
  "not",
  "or",
  "repeat",
  "return",
  "then",
];

/** A name that Lua takes for a parameter. */
function safe(name: string): string {
  return KEYWORDS.includes(name) ? `${name}_` : name;
}
