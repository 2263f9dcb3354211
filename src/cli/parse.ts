import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import type { ArgDef, ArgsDef, OptionDef, ParsedArgs, PositionalDef } from "./command.ts";

type Values = Record<string, string | boolean | string[] | undefined>;

/** A number, which a dash may begin without making it an option. */
const NEGATIVE_NUMBER = /^-(\d|\.\d|inf$)/;

/**
 * Pure: a command's arguments from its part of the command line. Options stand anywhere; `--name=value`,
 * `--name value`, `-n value` and `-nvalue` are the same, flags of one letter combine, `--` ends options, a
 * negative number is a value. Raises `usage` for whatever the definition does not know, lacks or has no use
 * for; `path` names the command in messages.
 */
export function parseArguments<A extends ArgsDef>(
  argv: readonly string[],
  defs: A,
  path: string,
): ParsedArgs<A> {
  const values = initialValues(defs);
  const rest = [...argv];
  const words: string[] = [];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      words.push(...rest.splice(0));
    } else if (word.startsWith("--")) {
      parseLong(word, rest, defs, values, path);
    } else if (word.startsWith("-") && word !== "-" && !NEGATIVE_NUMBER.test(word)) {
      parseShort(word, rest, defs, values, path);
    } else {
      words.push(word);
    }
  }
  placeWords(words, defs, values, path);
  // Each value was stored by the type in its definition, which is what ParsedArgs says.
  return values as ParsedArgs<A>;
}

function initialValues(defs: ArgsDef): Values {
  const values: Values = {};
  for (const [name, def] of Object.entries(defs)) {
    if (def.type === "boolean") values[name] = false;
    else if (("rest" in def && def.rest) || ("multiple" in def && def.multiple)) values[name] = [];
  }
  return values;
}

function parseLong(word: string, rest: string[], defs: ArgsDef, values: Values, path: string): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const def = Object.hasOwn(defs, name) ? defs[name] : undefined;
  if (def === undefined || !isOption(def)) {
    throw unknownOption(`--${name}`, longNames(defs), path);
  }
  store(`--${name}`, name, def, equals < 0 ? undefined : word.slice(equals + 1), rest, values);
}

function parseShort(word: string, rest: string[], defs: ArgsDef, values: Values, path: string): void {
  for (let index = 1; index < word.length; index++) {
    const letter = word.charAt(index);
    const [name, def] = findAlias(letter, defs) ?? [];
    if (name === undefined || def === undefined) throw unknownOption(`-${letter}`, [], path);
    if (def.type === "boolean") {
      values[name] = true;
      continue;
    }
    const attached = word.slice(index + 1);
    const value = attached.startsWith("=") ? attached.slice(1) : attached || undefined;
    store(`-${letter}`, name, def, value, rest, values);
    return;
  }
}

/** Stores an option's value, which is the next word when none is attached. */
function store(
  shown: string,
  name: string,
  def: OptionDef,
  attached: string | undefined,
  rest: string[],
  values: Values,
): void {
  if (def.type === "boolean") {
    if (attached !== undefined) throw usage(`Cannot use "${shown}=${attached}": ${shown} takes no value.`);
    values[name] = true;
    return;
  }
  const value = attached ?? rest.shift();
  if (value === undefined) throw usage(`Cannot use "${shown}": its value is missing.`);
  if (def.type === "enum" && !def.options.includes(value)) {
    const known = def.options.join(" or ");
    throw usage(`Cannot use "${shown} ${value}": it takes ${known}.${didYouMean(value, def.options)}`);
  }
  const several = values[name];
  if (Array.isArray(several)) several.push(value);
  else values[name] = value;
}

/** Gives the words that are no options to the positionals, in order. */
function placeWords(words: string[], defs: ArgsDef, values: Values, path: string): void {
  const left = [...words];
  for (const [name, def] of Object.entries(defs)) {
    if (def.type !== "positional") continue;
    if (left.length === 0 && def.required !== false) {
      throw usage(`Cannot run "${path}": ${name.toUpperCase()} is missing. See: ${path} --help`);
    }
    values[name] = def.rest ? left.splice(0) : left.shift();
  }
  const [superfluous] = left;
  if (superfluous !== undefined) {
    throw usage(`Cannot run "${path}": it has no use for "${superfluous}". See: ${path} --help`);
  }
}

/**
 * The error for an option that nobody knows, with the nearest of `known`, which are written out (`--name`).
 */
export function unknownOption(shown: string, known: readonly string[], path: string): RunnerError {
  const hint = didYouMean(shown, known) || ` See: ${path} --help`;
  return usage(`Cannot use "${shown}": "${path}" has no such option.${hint}`);
}

function usage(message: string): RunnerError {
  return new RunnerError("usage", message);
}

function isOption(def: PositionalDef | OptionDef): def is OptionDef {
  return def.type !== "positional";
}

function longNames(defs: ArgsDef): string[] {
  const options = Object.entries(defs).filter(([, def]) => isOption(def));
  return options.map(([name]) => `--${name}`);
}

function findAlias(letter: string, defs: ArgsDef): [string, OptionDef] | undefined {
  for (const [name, def] of Object.entries(defs) as [string, ArgDef][]) {
    if (isOption(def) && def.alias === letter) return [name, def];
  }
  return undefined;
}
