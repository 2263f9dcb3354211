import { Float, type Value, type ValueKey } from "../lib/value.ts";

/**
 * Whether two values are the same by content, as `compare_swap` sees it: 1 equals 1.0, NaN equals NaN, an empty
 * list equals an empty table, and a table is what its keys and values are, however it is held.
 */
export function equal(a: Value, b: Value): boolean {
  if (typeof a !== "object" && typeof b !== "object" && typeof a === typeof b) {
    return a === b || (Number.isNaN(a) && Number.isNaN(b));
  }
  const [x, y] = [scalarOf(a), scalarOf(b)];
  if (x !== undefined || y !== undefined) return equalScalars(x, y);
  const [left, right] = [entriesOf(a), entriesOf(b)];
  if (left.size !== right.size) return false;
  for (const [key, item] of left) {
    const other = right.get(key);
    if (other === undefined || !equal(item, other)) return false;
  }
  return true;
}

type Scalar = string | number | bigint | boolean;

/** A value that is not a table, with what is only a matter of form removed; undefined for tables. */
function scalarOf(value: Value): Scalar | undefined {
  if (typeof value !== "object") return value;
  if (value instanceof Float) return value.value;
  return value instanceof Uint8Array ? latin1OfBytes(value) : undefined;
}

function equalScalars(a: Scalar | undefined, b: Scalar | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  // Order compares a number with a bigint by their exact values, which `===` never finds equal.
  if (isNumeric(a) && isNumeric(b)) return (a <= b && a >= b) || (Number.isNaN(a) && Number.isNaN(b));
  return a === b;
}

function isNumeric(value: Scalar): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** A table's entries under keys that are equal exactly when Lua's are. */
function entriesOf(table: Value): Map<Scalar, Value> {
  const entries = new Map<Scalar, Value>();
  if (Array.isArray(table)) {
    for (const [index, item] of table.entries()) entries.set(index + 1, item);
  } else if (table instanceof Map) {
    for (const [key, item] of table) entries.set(canonicalKey(key), item);
  } else {
    for (const [key, item] of Object.entries(table as Record<string, Value>)) entries.set(key, item);
  }
  return entries;
}

function canonicalKey(key: ValueKey): Scalar {
  const scalar = scalarOf(key) as Scalar;
  return typeof scalar === "bigint" && Number.isSafeInteger(Number(scalar)) ? Number(scalar) : scalar;
}

/** Bytes as text if they are UTF-8; else as a text that no UTF-8 string equals. */
function latin1OfBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  // A lone surrogate in front: valid text never starts with one.
  return Buffer.from(text).equals(bytes) ? text : `\ud800${Buffer.from(bytes).toString("latin1")}`;
}
