import type { Change, Encoded, Entry } from "../../backends/backend.ts";
import { RunnerError } from "../../lib/errors.ts";
import { nameType, type Value } from "../../lib/value.ts";
import { decode, encode } from "../codec.ts";
import { keep } from "./entries.ts";

/** Adds items to the end of a list and gives its new length; absent or an empty table becomes a list. */
export function listPush(key: string, items: readonly Value[], maxBytes: number): Change<number> {
  return ([entry]) => {
    const list = listOf(entry, key, "push to");
    for (const item of items) list.push(item);
    return { result: list.length, writes: [keep(encode(list, key, maxBytes))] };
  };
}

/** Takes the last (`pop`) or the first (`shift`) item of a list; undefined when there is none. */
export function listTake(key: string, end: "pop" | "shift"): Change<Value | undefined> {
  return ([entry]) => {
    const list = listOf(entry, key, `${end} from`);
    const result = list[end]();
    if (result === undefined) return { result };
    return { result, writes: [keep(encode(list, key, Number.POSITIVE_INFINITY))] };
  };
}

/**
 * The items of an entry's list, a fresh array; none when it is absent or an empty table. Raises `not_a_list`.
 * `verb` is what the error says could not be done.
 */
export function listOf(entry: Entry | undefined, key: string, verb: string): Value[] {
  if (entry === undefined) return [];
  if (entry.value.type === "list" || isEmptyTable(entry.value)) {
    const list = decode(entry.value);
    return Array.isArray(list) ? list : [];
  }
  const why = `it holds ${nameType(entry.value.type)}, not a list`;
  throw new RunnerError("not_a_list", `Cannot ${verb} "${key}": ${why}. Set it to a list first.`);
}

/** The items `from` to `to`: 1-based, inclusive, negative ones counted from the end, cut to what is there. */
export function sliceList(list: readonly Value[], from: number, to: number): Value[] {
  const place = (index: number) => (index < 0 ? list.length + index + 1 : index);
  return list.slice(Math.max(place(from), 1) - 1, Math.max(place(to), 0));
}

function isEmptyTable({ type, data }: Encoded): boolean {
  return type === "table" && data === "{}";
}
