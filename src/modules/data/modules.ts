import { defineFunction, type FunctionDef, type ModuleDef } from "../define.ts";
import type { LuaValue } from "../module.ts";
import words from "./data.lua" with { type: "text" };
import { decodeJson, encodeJson } from "./json.ts";

/** Lua that adds to `data` what works on tables in place. */
export const DATA_WORDS = words;

/** Loaded when they are used: their libraries are large. */
const yaml = (): typeof import("./yaml.ts") => require("./yaml.ts");
const toml = (): typeof import("./toml.ts") => require("./toml.ts");

/** A function that reads a format. */
function decoder(
  format: string,
  example: string,
  decode: (text: string) => LuaValue,
  aliases: readonly string[] = [],
  what = "The value of a",
): FunctionDef<never> {
  const dates =
    format === "TOML"
      ? " A date or a time becomes its text, such as `2026-11-21T07:32:00.000Z`, which is encoded as a text: Lua has no type for it."
      : "";
  return defineFunction({
    description: `${what} ${format} text. Lists stay lists, also empty ones; integers are whole up to 64 bits.${dates} An error tells line and column.`,
    args: (z) => ({ text: z.string() }),
    returns: "any",
    example,
    aliases,
    run: ({ text }) => decode(text),
  });
}

/** A function that writes a format. */
function encoder(
  format: string,
  example: string,
  encode: (value: LuaValue) => string,
  aliases: readonly string[] = [],
): FunctionDef<never> {
  return defineFunction({
    description: `${format} of a value, its fields in the order of their names. An error names the path of what ${format} cannot say.`,
    args: (z) => ({ value: z.any() }),
    returns: "string",
    example,
    aliases,
    run: ({ value }) => encode(value),
  });
}

function jsonEncoder(call: string, aliases: readonly string[] = []): FunctionDef<never> {
  return defineFunction({
    description:
      "JSON of a value, its fields in the order of their names; `indent` is how many spaces to indent by. An error names the path of what JSON cannot say.",
    args: (z) => ({ value: z.any(), options: z.options({ indent: z.optional(z.integer(0, 10)) }) }),
    returns: "string",
    example: `assert(${call}({ b = { 1, 2 }, a = 1.0 }) == '{"a":1.0,"b":[1,2]}')`,
    aliases,
    run: ({ value, options }) => encodeJson(value, options.indent),
  });
}

/** The Lua module `json`. */
export const jsonModule: ModuleDef = {
  name: "json",
  description: "JSON. A null in an object is an absent field, in an array it is `json.null`.",
  fields: { null: { value: null, description: "What stands for null in a list.", type: "lightuserdata" } },
  effect: false,
  functions: {
    decode: decoder("JSON", "assert(json.decode('[1, null]')[2] == json.null)", decodeJson, ["parse"]),
    encode: jsonEncoder("json.encode", ["stringify"]),
    list: defineFunction({
      description: "The table as a list that stays one when it is empty, and is then `[]`.",
      args: (z) => ({ items: z.optional(z.list(z.any())) }),
      returns: "any[]",
      example: "assert(json.encode(json.list()) == '[]')",
      run: ({ items = [] }) => items,
    }),
  },
};

/** The Lua module `yaml`. */
export const yamlModule: ModuleDef = {
  name: "yaml",
  description: "YAML 1.2.",
  effect: false,
  functions: {
    decode: decoder("YAML", "assert(yaml.decode('a: [1, 2]').a[2] == 2)", (text) => yaml().decodeYaml(text), [
      "parse",
    ]),
    decode_all: decoder(
      "YAML",
      "assert(#yaml.decode_all('a\\n---\\nb\\n') == 2)",
      (text) => yaml().decodeYamlAll(text),
      [],
      "A list with the value of each document of a",
    ),
    encode: encoder(
      "YAML",
      "assert(yaml.encode({ a = { 1 } }) == 'a:\\n  - 1\\n')",
      (value) => yaml().encodeYaml(value),
      ["stringify"],
    ),
  },
};

/** The Lua module `toml`. */
export const tomlModule: ModuleDef = {
  name: "toml",
  description: "TOML 1.0. Dates become text, which is written back as text.",
  effect: false,
  functions: {
    decode: decoder("TOML", "assert(toml.decode('a = 1').a == 1)", (text) => toml().decodeToml(text), [
      "parse",
    ]),
    encode: encoder(
      "TOML",
      "assert(toml.encode({ a = 1 }):find('a = 1'))",
      (value) => toml().encodeToml(value),
      ["stringify"],
    ),
  },
};

/** The Lua module `data`: all formats under one roof, and tables. */
export const dataModule: ModuleDef = {
  name: "data",
  description: "Documents of all formats, and what is often done with the tables that they hold.",
  effect: false,
  functions: {
    from_json: decoder("JSON", "assert(data.from_json('{\"a\": 1}').a == 1)", decodeJson, [
      "parse_json",
      "json_decode",
      "decode_json",
      "json_parse",
    ]),
    to_json: jsonEncoder("data.to_json", ["json_encode", "encode_json"]),
    from_yaml: decoder("YAML", "assert(data.from_yaml('a: 1').a == 1)", (text) => yaml().decodeYaml(text), [
      "parse_yaml",
      "yaml_decode",
      "decode_yaml",
      "yaml_parse",
    ]),
    to_yaml: encoder(
      "YAML",
      "assert(data.to_yaml({ a = 1 }) == 'a: 1\\n')",
      (value) => yaml().encodeYaml(value),
      ["yaml_encode", "encode_yaml"],
    ),
    from_toml: decoder("TOML", "assert(data.from_toml('a = 1').a == 1)", (text) => toml().decodeToml(text), [
      "parse_toml",
      "toml_decode",
    ]),
    to_toml: encoder(
      "TOML",
      "assert(data.to_toml({ a = 1 }):find('a = 1'))",
      (value) => toml().encodeToml(value),
      ["toml_encode"],
    ),
    deep_merge: defineFunction({
      description: "A new table of all of them: later ones win, tables are merged, lists replaced.",
      args: (z) => ({ first: z.record(z.any()), "...others": z.record(z.any()) }),
      returns: "table",
      example: "assert(data.deep_merge({ a = { b = 1 } }, { a = { c = 2 } }).a.b == 1)",
      aliases: ["merge"],
    }),
    get_path: defineFunction({
      description:
        'The value at a path such as "a.b[2].c", or at a list of keys; the default when there is none.',
      args: (z) => ({ value: z.any(), path: z.either(z.string(), z.list(z.any())), default: z.any() }),
      returns: "any",
      example: 'assert(data.get_path({ a = { { b = 5 } } }, "a[1].b") == 5)',
    }),
    set_path: defineFunction({
      description:
        "Sets the value at a path, making the tables on the way; returns the table, which it changes.",
      args: (z) => ({ value: z.record(z.any()), path: z.either(z.string(), z.list(z.any())), new: z.any() }),
      returns: "table",
      example: 'assert(data.set_path({}, "a.b", 1).a.b == 1)',
    }),
  },
};
