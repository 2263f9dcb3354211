import type { ArgsDef, CommandEntry, Completion, Group, OptionDef, PositionalDef } from "./command.ts";
import { COMMON } from "./options.ts";

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** What a word may be that only the machine knows. */
export type Kind = Exclude<Completion, readonly string[]>;

/** What can be looked up while a line is completed; each gives nothing where it cannot. */
export interface Lookup {
  /** Commands that plugins add. */
  commands(): Promise<Group["commands"]>;
  /** Backends by name. */
  readonly backends: readonly string[];
  /** What begins with `prefix`; `given` are the options before it, by their long names. */
  words(kind: Kind, prefix: string, given: ReadonlyMap<string, string>): Promise<readonly Candidate[]>;
}

/**
 * The words that may stand in place of the last of `words`, which may be empty; `words` follow the program's name. Empty
 * where only the shell can help, with names of files.
 */
export async function complete(
  words: readonly string[],
  root: Group,
  lookup: Lookup,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  let group = root;
  let commands = root.commands;
  for (const [index, word] of before.entries()) {
    if (word.startsWith("-")) continue;
    let found = own(commands, word);
    if (found === undefined && group === root) found = own(await lookup.commands(), word);
    if (found === undefined) return [];
    if (!("commands" in found)) {
      const { args } = await found.load();
      const rest = { before: before.slice(index + 1), current };
      return completeArguments({ ...args, ...COMMON }, rest, lookup);
    }
    group = found;
    commands = found.commands;
  }
  if (current.startsWith("-")) return matching(current, optionsOf(COMMON));
  if (group === root) commands = { ...commands, ...(await lookup.commands()) };
  return matching(
    current,
    Object.entries(commands).map(([word, { summary }]) => ({ word, description: summary })),
  );
}

interface Rest {
  /** The words after the command and before the cursor. */
  readonly before: readonly string[];
  readonly current: string;
}

async function completeArguments(
  defs: ArgsDef,
  { before, current }: Rest,
  lookup: Lookup,
): Promise<readonly Candidate[]> {
  const { given, pending, places, ended } = readBefore(before, defs);
  if (pending !== undefined) return matching(current, valuesOf(pending, lookup));
  const [, name, start] = /^--([^=]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined && start !== undefined && !ended) {
    const found = optionNamed(defs, name);
    if (found === undefined) return [];
    const values = matching(start, valuesOf(found, lookup));
    return values.map(({ word, description }) => ({ word: `--${name}=${word}`, description }));
  }
  if (current.startsWith("-") && !ended) {
    const left = Object.entries(defs).filter(([option, def]) => "multiple" in def || !given.has(option));
    return matching(current, optionsOf(Object.fromEntries(left)));
  }
  const completes = placeOf(defs, places)?.completes ?? [];
  return matching(
    current,
    typeof completes === "string" ? await lookup.words(completes, current, given) : plain(completes),
  );
}

interface Before {
  /** Options that were given, with their values; flags have none. */
  readonly given: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly pending: { readonly name: string; readonly def: OptionDef } | undefined;
  /** How many words there are that are no options. */
  readonly places: number;
  /** Whether `--` was there. */
  readonly ended: boolean;
}

function readBefore(before: readonly string[], defs: ArgsDef): Before {
  const given = new Map<string, string>();
  let pending: Before["pending"];
  let places = 0;
  let ended = false;
  for (const word of before) {
    if (pending !== undefined) {
      given.set(pending.name, word);
      pending = undefined;
    } else if (ended || !word.startsWith("-") || word === "-") {
      places++;
      if (!given.has("file") && /\.(lua|sloth)$|\//.test(word)) given.set("file", word);
    } else if (word === "--") ended = true;
    else {
      const [, name = "", value] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      const found = optionNamed(defs, name);
      if (found === undefined) continue;
      if (value !== undefined || found.def.type === "boolean") given.set(found.name, value ?? "");
      else pending = found;
    }
  }
  return { given, pending, places, ended };
}

function optionNamed(defs: ArgsDef, name: string): { name: string; def: OptionDef } | undefined {
  for (const [long, def] of Object.entries(defs)) {
    if (def.type !== "positional" && (long === name || def.alias === name)) return { name: long, def };
  }
  return undefined;
}

function valuesOf({ name, def }: { name: string; def: OptionDef }, { backends }: Lookup): Candidate[] {
  const words = def.type === "enum" ? def.options : name === "backend" ? backends : [];
  return plain(words);
}

function plain(words: readonly string[]): Candidate[] {
  return words.map((word) => ({ word, description: "" }));
}

/** The argument at a place; the last one when it takes all that follow. */
function placeOf(defs: ArgsDef, index: number): PositionalDef | undefined {
  const places = Object.values(defs).filter((def) => def.type === "positional");
  const last = places.at(-1);
  return places[index] ?? (last?.rest ? last : undefined);
}

function optionsOf(defs: ArgsDef): Candidate[] {
  const options = Object.entries(defs).filter(([, def]) => def.type !== "positional");
  return options.map(([name, { description }]) => ({ word: `--${name}`, description }));
}

function matching(start: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ word }) => word.startsWith(start));
}

function own(commands: Group["commands"], word: string): CommandEntry | Group | undefined {
  return Object.hasOwn(commands, word) ? commands[word] : undefined;
}

/**
 * Pure: the words of a command line up to the cursor, as a shell splits them; the last one is what is being written, and
 * empty after a space. A quote that is still open goes to the end.
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [part] of line.matchAll(/\s+|\\[\s\S]?|'[^']*'?|"(?:\\[\s\S]|[^"\\])*"?|[^\s\\'"]+/g)) {
    if (/^\s/.test(part)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + unquote(part);
  }
  return [...words, word ?? ""];
}

function unquote(part: string): string {
  if (part.startsWith("\\")) return part.slice(1);
  if (part.startsWith("'")) return part.slice(1).replace(/'$/, "");
  if (part.startsWith('"'))
    return part.slice(1).replace(/\\([\s\S])|"$/g, (_, escaped?: string) => escaped ?? "");
  return part;
}
