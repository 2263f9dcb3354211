import {
  type CollectionTag,
  Composer,
  type CST,
  type Document,
  isScalar,
  Lexer,
  Parser,
  type ScalarTag,
  stringify,
  type Tags,
  visit,
} from "yaml";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { Float, fromFloat, MAX_DEPTH } from "../../lib/value.ts";
import type { LuaValue } from "../module.ts";
import { fits, floatText, isTooLong, Misfit, unfit } from "./numbers.ts";
import { fromParsed, toWritable } from "./plain.ts";
import { badText, TOO_DEEP } from "./problems.ts";

const FLOAT_TAG = "tag:yaml.org,2002:float";
const INTEGER_TAG = "tag:yaml.org,2002:int";

/**
 * Keeps floats apart from integers, which the library alone would not: both are numbers to JavaScript. An integer that
 * Lua does not have is an error, of which the library knows the place.
 */
function markNumbers(tags: Tags): (CollectionTag | ScalarTag)[] {
  return [...tags.filter((tag) => typeof tag === "object").map(markNumber), WHOLE_FLOAT];
}

/** What is marked as a float, and would be an integer without that. */
const WHOLE_FLOAT: ScalarTag = {
  tag: FLOAT_TAG,
  default: true,
  test: /^[-+]?[0-9]+$/,
  resolve: (text) => fromFloat(Number(text)),
};

function markNumber(tag: CollectionTag | ScalarTag): CollectionTag | ScalarTag {
  if (tag.collection !== undefined) return tag;
  if (tag.tag === INTEGER_TAG) {
    return {
      ...tag,
      resolve(text, onError, options) {
        const resolved = isTooLong(text) ? undefined : tag.resolve?.(text, onError, options);
        if (typeof resolved !== "bigint" || !fits(resolved)) onError(unfit(text));
        return resolved;
      },
    };
  }
  if (tag.tag !== FLOAT_TAG) return tag;
  return {
    ...tag,
    identify: (value) => value instanceof Float,
    resolve(text, onError, options) {
      const resolved = tag.resolve?.(text, onError, options);
      if (typeof resolved === "number") return fromFloat(resolved);
      if (isScalar(resolved)) resolved.value = fromFloat(Number(resolved.value));
      return resolved;
    },
    stringify: ({ value }) => floatWord(Number(value instanceof Float ? value.value : value)),
  };
}

/** Text that would merge a mapping into another if it were a bare key. */
const QUOTED_MERGE: ScalarTag = {
  tag: "tag:yaml.org,2002:str",
  default: true,
  identify: (value) => value === "<<",
  resolve: (text) => text,
  stringify: () => '"<<"',
};

function floatWord(float: number): string {
  if (Number.isNaN(float)) return ".nan";
  return Number.isFinite(float) ? floatText(float) : float > 0 ? ".inf" : "-.inf";
}

/**
 * The documents of a YAML 1.2 text, with the merge key `<<` of 1.1. Integers are whole up to 64 bits, null in a mapping is
 * an absent field. Raises `bad_value` with line and column.
 */
export function decodeYamlAll(text: string): LuaValue[] {
  const composer = new Composer({ intAsBigInt: true, merge: true, customTags: markNumbers });
  return Array.from(composer.compose(tokensOf(text)), (document) => readDocument(document, text));
}

const COLLECTIONS: ReadonlySet<string> = new Set(["block-map", "block-seq", "flow-collection"]);

/** What the library makes documents of, by functions that call themselves for what is inside: never too deep. */
function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    const { stack } = parser;
    if (stack.length > MAX_DEPTH && stack.filter(({ type }) => COLLECTIONS.has(type)).length > MAX_DEPTH)
      throw badText("YAML", text, parser.offset - lexeme.length, TOO_DEEP);
  }
  yield* parser.end();
}

function readDocument(document: Document.Parsed, text: string): LuaValue {
  const [error] = document.errors;
  if (error !== undefined) throw badText("YAML", text, error.pos[0], error.message.replace(/\.$/, ""));
  try {
    return fromParsed(document.toJS({ mapAsMap: true }));
  } catch (thrown) {
    const unresolved = /^Unresolved alias .*: (.*)$/.exec(messageOf(thrown))?.[1];
    const offset = unresolved === undefined ? undefined : findAlias(document, unresolved);
    if (offset !== undefined) throw badText("YAML", text, offset, messageOf(thrown));
    throw new RunnerError("bad_value", `Cannot read the YAML: ${problemOf(thrown)}.`, { cause: thrown });
  }
}

/** Where the first alias of a name is. */
function findAlias(document: Document.Parsed, name: string): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_, { source, range }) {
      if (source !== name) return;
      offset = range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}

/** What is wrong with what the aliases of a document stand for. */
function problemOf(thrown: unknown): string {
  if (thrown instanceof Misfit || thrown instanceof RangeError) return `${TOO_DEEP}, or has itself inside`;
  // So many that they would fill the memory, or no mapping that could be merged.
  if (thrown instanceof ReferenceError || /^Merge sources/.test(messageOf(thrown))) return messageOf(thrown);
  throw thrown;
}

/** The value of a YAML text of one document; nil for an empty one. Raises `bad_value` with line and column. */
export function decodeYaml(text: string): LuaValue {
  const documents = decodeYamlAll(text);
  if (documents.length > 1) {
    throw new RunnerError(
      "bad_value",
      `Cannot read the YAML: it has ${documents.length} documents. Take yaml.decode_all.`,
    );
  }
  return documents[0] ?? undefined;
}

/** YAML of a value, its fields in the order of their names. Raises `bad_value` for what YAML cannot say. */
export function encodeYaml(value: LuaValue): string {
  const writable = toWritable("YAML", value, (float) => new Float(float));
  return stringify(writable, {
    customTags: (tags) => [QUOTED_MERGE, ...markNumbers(tags)],
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
