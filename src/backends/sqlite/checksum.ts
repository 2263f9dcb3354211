import type { ValueType } from "../../lib/value.ts";
import type { ChangeRecord, Encoded, Space } from "../backend.ts";

/** Told apart, so that a row found in the wrong table does not pass. */
const SEEDS: Readonly<Record<Space | ChangeRecord["kind"], number>> = {
  data: 1,
  lock: 2,
  run: 3,
  once: 4,
  put: 5,
  delete: 6,
  expire: 7,
};

const TYPES: Readonly<Record<ValueType, number>> = {
  string: 1,
  number: 2,
  boolean: 3,
  list: 4,
  table: 5,
  bytes: 6,
};

/** What a row promises of its key. */
export interface Checked {
  readonly type: ValueType | null;
  readonly value: Encoded["data"] | null;
  readonly revision: number;
  readonly expiresAt: number | null;
}

/**
 * A CRC-32 chained over key, type, value, revision and expiry; `place` is the space of an entry, or the kind of a
 * change in the history. Whole numbers are stirred in: to write them as text would cost more than all the rest.
 */
export function checksum(place: Space | ChangeRecord["kind"], key: string, row: Checked): number {
  const { type, value } = row;
  const seed = stir(stir(SEEDS[place], row.revision), row.expiresAt ?? -1);
  const head = Bun.hash.crc32(key, stir(seed, type === null ? 0 : TYPES[type]));
  if (value === null) return head;
  if (typeof value !== "number") return Bun.hash.crc32(value, head);
  return Number.isSafeInteger(value) ? stir(head, value) : Bun.hash.crc32(String(value), head);
}

/** Stirs a whole number into 32 bits; another one gives another result as long as its lower half differs. */
function stir(seed: number, number: number): number {
  return (
    (Math.imul(seed, 0x9e3779b1) ^ (number | 0) ^ Math.imul((number / 0x1_0000_0000) | 0, 0x85ebca6b)) >>> 0
  );
}
