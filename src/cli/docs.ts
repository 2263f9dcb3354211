import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { calleeOf } from "../modules/bind.ts";
import type { FunctionDef, ModuleDef } from "../modules/define.ts";
import { listModules } from "../modules/reference/all.ts";
import { parametersOf, returnsOf, signatureOf } from "../modules/reference/signature.ts";
import type { WordDef } from "../modules/reference/word.ts";
import { WORDS } from "../tasks/words.ts";
import { defineCommand } from "./command.ts";
import { OUTPUT } from "./options.ts";
import type { Output } from "./output.ts";
import { listPluginModules } from "./plugin/modules.ts";

const DEFAULT_WIDTH = 80;

/** `runner docs`. */
export const command = defineCommand({
  args: {
    name: {
      type: "positional",
      required: false,
      description:
        "A module, a function of one, such as fs.read, or a word of task files; all of them without it",
    },
    ...OUTPUT,
  },
  details: "The reference of what scripts see. The same text is in the editor after runner init.",
  examples: [
    "runner docs",
    "runner docs fs",
    "runner docs exec.run",
    "runner docs task",
    "runner docs json -o json",
  ],
  async run({ args, out }) {
    const modules = [...listModules(), ...(await listPluginModules((text) => out.note(text)))];
    const word = WORDS.find(({ name }) => name === args.name);
    if (args.name === undefined) printModules(modules, out);
    else if (word !== undefined) printWord(word, out);
    else {
      const { module, name } = find(modules, args.name);
      if (name === undefined) printModule(module, out);
      else printFunction(module, name, out);
    }
    return 0;
  },
});

/** The module, or the function of one, that a name stands for. Raises `not_found`. */
function find(modules: readonly ModuleDef[], wanted: string): { module: ModuleDef; name?: string } {
  const module = modules.find(({ name }) => name !== "" && name === wanted);
  if (module !== undefined) return { module };
  // A field is told of where its module is.
  const owner = modules.find(({ name, fields = {} }) =>
    Object.keys(fields).some((field) => `${name}.${field}` === wanted),
  );
  if (owner !== undefined) return { module: owner };
  for (const candidate of modules) {
    for (const [name, { aliases = [] }] of Object.entries(candidate.functions)) {
      if ([name, ...aliases].some((called) => calleeOf(candidate, called) === wanted)) {
        return { module: candidate, name };
      }
    }
  }
  const known = [
    ...WORDS.map(({ name }) => name),
    ...modules.flatMap((candidate) => [
      candidate.name,
      ...Object.keys(candidate.functions).map((name) => calleeOf(candidate, name)),
    ]),
  ];
  throw new RunnerError(
    "not_found",
    `Cannot find "${wanted}" in the reference.${didYouMean(wanted, known) || " All modules: runner docs"}`,
  );
}

function printModules(modules: readonly ModuleDef[], out: Output): void {
  if (out.format === "json") {
    out.line(JSON.stringify([...modules.map(moduleToPlain), ...WORDS.map(wordToPlain)]));
    return;
  }
  for (const module of modules) {
    if (module.name !== "") out.line(`${out.style.bold(module.name)}  ${firstSentence(module.description)}`);
    const names = Object.keys(module.functions).map((name) => calleeOf(module, name));
    if (names.length > 0) out.line(out.style.dim(fill(names.join(" "), "  ", out)));
  }
  out.line(`${out.style.bold("task files")}  What tasks are declared with.`);
  out.line(out.style.dim(fill(WORDS.map(({ name }) => name).join(" "), "  ", out)));
  out.line("\nMore about one of them: runner docs MODULE.FUNCTION, or runner docs WORD");
}

function printModule(module: ModuleDef, out: Output): void {
  if (out.format === "json") {
    out.line(JSON.stringify(moduleToPlain(module)));
    return;
  }
  out.line(`${out.style.bold(module.name)}\n${fill(module.description, "", out)}`);
  for (const [name, { type, description }] of Object.entries(module.fields ?? {})) {
    out.line(
      `\n${out.style.bold(`${module.name}.${name}`)}  ${out.style.dim(type)}\n${fill(description, "  ", out)}`,
    );
  }
  for (const [name, definition] of Object.entries(module.functions)) {
    out.line(`\n${out.style.bold(signatureOf(module, name, definition))}`);
    out.line(fill(definition.description, "  ", out));
  }
}

function printFunction(module: ModuleDef, name: string, out: Output): void {
  const definition = module.functions[name];
  if (definition === undefined) return;
  if (out.format === "json") {
    out.line(JSON.stringify(functionToPlain(module, name, definition)));
    return;
  }
  out.line(
    `${out.style.bold(signatureOf(module, name, definition))}\n${fill(definition.description, "  ", out)}`,
  );
  const rows = [
    ...parametersOf(definition).map(({ name: word, type, optional }) => [
      word,
      optional ? `${type}, optional` : type,
    ]),
    ...returnsOf(definition).map((type) => ["→", type]),
    ...(definition.aliases?.length
      ? [["also", definition.aliases.map((alias) => calleeOf(module, alias)).join(", ")]]
      : []),
    ...(definition.permission ? [["sandbox", `needs --allow ${definition.permission}`]] : []),
  ];
  const width = Math.max(0, ...rows.map(([word = ""]) => word.length));
  if (rows.length > 0) out.line("");
  for (const [word = "", text = ""] of rows) out.line(`  ${word.padEnd(width)}  ${out.style.dim(text)}`);
  out.line(`\n${out.style.bold("Example:")}\n${definition.example.replace(/^/gm, "  ")}`);
}

function moduleToPlain(module: ModuleDef): object {
  const functions = Object.entries(module.functions);
  const fields = Object.entries(module.fields ?? {});
  return {
    name: module.name,
    description: module.description,
    fields: fields.map(([name, { type, description }]) => ({
      name: `${module.name}.${name}`,
      type,
      description,
    })),
    functions: functions.map(([name, definition]) => functionToPlain(module, name, definition)),
  };
}

function functionToPlain(module: ModuleDef, name: string, definition: FunctionDef<never>): object {
  return {
    name: calleeOf(module, name),
    description: definition.description,
    parameters: parametersOf(definition),
    returns: returnsOf(definition),
    aliases: definition.aliases ?? [],
    permission: definition.permission ?? null,
    example: definition.example,
  };
}

function printWord(word: WordDef, out: Output): void {
  if (out.format === "json") {
    out.line(JSON.stringify(wordToPlain(word)));
    return;
  }
  const { name, signature = name, description, fields = {}, example } = word;
  out.line(`${out.style.bold(signature)}\n${fill(description, "  ", out)}`);
  const rows = Object.entries(fields);
  const longest = Math.max(0, ...rows.map(([field]) => field.length));
  if (rows.length > 0) out.line(`\n${out.style.bold(fieldsOf(word) === "fields" ? "Fields:" : "Options:")}`);
  for (const [field, { description: text }] of rows) {
    const indent = " ".repeat(longest + 4);
    out.line(`  ${field.padEnd(longest)}  ${fill(text, indent, out).trimStart()}`);
  }
  out.line(`\n${out.style.bold("Example:")}\n${example.replace(/^/gm, "  ")}`);
}

/** What the fields of a word are: options of what is called, or what a value has. */
function fieldsOf({ name, signature = name }: WordDef): "options" | "fields" {
  return signature === name ? "fields" : "options";
}

function wordToPlain(word: WordDef): object {
  const { name, signature = name, description, fields = {}, example } = word;
  const shown = Object.entries(fields).map(([field, { type, expected, description: text }]) => ({
    name: field,
    type,
    ...(expected !== undefined && { expected }),
    description: text,
  }));
  return { name, signature, description, [fieldsOf(word)]: shown, example };
}

function firstSentence(text: string): string {
  return /^.*?[.](?=\s|$)/s.exec(text)?.[0] ?? text;
}

/** Text in lines that fit, each after an indent. */
function fill(text: string, indent: string, { width = DEFAULT_WIDTH }: Output): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && Bun.stringWidth(line) + 1 + Bun.stringWidth(word) > width - indent.length) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part) => indent + part).join("\n");
}
