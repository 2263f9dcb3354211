import {
  type CollectionTag,
  type Document,
  isScalar,
  parseAllDocuments,
  type ScalarTag,
  stringify,
  visit,
} from "yaml";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { Float, fromFloat } from "../../lib/value.ts";
import type { LuaValue } from "../module.ts";
import { fits, floatText } from "./numbers.ts";
import { fromParsed, toWritable } from "./plain.ts";
import { badText, badTextAt, parseNested } from "./problems.ts";

const FLOAT_TAG = "tag:yaml.org,2002:float";

/** Keeps floats apart from integers, which the library alone would not: both are numbers to JavaScript. */
function markFloats(tags: (CollectionTag | ScalarTag)[]): (CollectionTag | ScalarTag)[] {
  return tags.map((tag) => {
    if (tag.tag !== FLOAT_TAG || tag.collection !== undefined) return tag;
    return {
      ...tag,
      identify: (value) =>
        value instanceof Float || (typeof value === "number" && !Number.isSafeInteger(value)),
      resolve: (text, onError, options) => {
        const resolved = tag.resolve?.(text, onError, options);
        if (typeof resolved === "number") return fromFloat(resolved);
        if (isScalar(resolved)) resolved.value = fromFloat(Number(resolved.value));
        return resolved;
      },
      stringify: ({ value }) => floatWord(value instanceof Float ? value.value : Number(value)),
    };
  });
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
 * The documents of a YAML 1.2 text, with the merge key `<<` of 1.1. Integers are whole up to 64 bits, null in a mapping is an absent field. Raises
 * `bad_value` with line and column.
 */
export function decodeYamlAll(text: string): LuaValue[] {
  return parseNested("YAML", () => parseDocuments(text));
}

function parseDocuments(text: string): LuaValue[] {
  const documents = parseAllDocuments(text, {
    intAsBigInt: true,
    merge: true,
    customTags: (tags) => markFloats(tags.filter((tag) => typeof tag === "object")),
    prettyErrors: true,
  });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const [place] = error.linePos ?? [];
      const problem = error.message
        .split("\n", 1)[0]
        ?.replace(/ at line \d+, column \d+:?$/, "")
        .replace(/\.$/, "")
        .replace(/^Maximum call stack .*/, "it nests too deep");
      throw badTextAt("YAML", place?.line ?? 1, place?.col ?? 1, problem ?? "it is not YAML");
    }
    try {
      return fromParsed(document.toJS({ mapAsMap: true }));
    } catch (thrown) {
      const offset = thrown instanceof RunnerError ? findUnfit(document) : undefined;
      if (offset !== undefined)
        throw badText("YAML", text, offset, messageOf(thrown).replace(/^Cannot read |\.$/g, ""));
      // Aliases without an anchor, or so many that they would fill the memory.
      if (!(thrown instanceof ReferenceError || /^Merge sources/.test(messageOf(thrown)))) throw thrown;
      throw new RunnerError("bad_value", `Cannot read the YAML: ${messageOf(thrown)}.`, { cause: thrown });
    }
  });
}

/** Where the first integer is that Lua does not have. */
function findUnfit(document: Document.Parsed): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Scalar(_, { value, range }) {
      if (typeof value !== "bigint" || fits(value)) return;
      offset = range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
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
  const writable = toWritable("YAML", value, fromFloat);
  return stringify(writable, {
    customTags: (tags) => [QUOTED_MERGE, ...markFloats(tags.filter((tag) => typeof tag === "object"))],
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}
