import type { Change, Encoded, Entry, Write } from "../../backends/backend.ts";
import type { Value } from "../../lib/value.ts";
import { decode } from "../codec.ts";
import { equal } from "../equal.ts";

/** When a time to live of `ttl` seconds from `now` (ms since the epoch) ends; never, without one. */
export function expiryAfter(ttl: number | undefined, now: number): number | "never" {
  return ttl === undefined ? "never" : now + Math.ceil(ttl * 1000);
}

/** Puts values, each under the ref of its place; all get the expiry `ttl` seconds away, or none. */
export function put(values: readonly Encoded[], ttl: number | undefined): Change<true> {
  return (_entries, now) => {
    const expires = expiryAfter(ttl, now);
    return { result: true, writes: values.map((value) => ({ put: value, expires })) };
  };
}

/** Deletes the entry; whether it existed. */
export const remove: Change<boolean> = ([entry]) =>
  entry === undefined ? { result: false } : { result: true, writes: [{ delete: true }] };

/** Deletes the entry and the history of its key; whether there was an entry. */
export const purge: Change<boolean> = ([entry]) => ({
  result: entry !== undefined,
  writes: [{ delete: true, purge: true }],
});

/** Gives the entry a value and keeps its expiry, or deletes it without one; whether that changed anything. */
export function become(value: Encoded | undefined): Change<boolean> {
  return ([entry]) => {
    if (value === undefined) return remove([entry], 0);
    if (entry !== undefined && equal(decode(entry.value), decode(value))) return { result: false };
    return { result: true, writes: [keep(value)] };
  };
}

/** Gives the entry a time to live in seconds, or none when that is not above zero; whether it existed. */
export function setTtl(seconds: number): Change<boolean> {
  return ([entry], now) => {
    if (entry === undefined) return { result: false };
    if (seconds <= 0 && entry.expiresAt === undefined) return { result: true };
    const expires = expiryAfter(seconds > 0 ? seconds : undefined, now);
    return { result: true, writes: [{ put: entry.value, expires }] };
  };
}

/**
 * Puts `next` (undefined: deletes) if the entry equals `old` by content (undefined: is absent); whether it did.
 */
export function compareSwap(old: Value | undefined, next: Encoded | undefined): Change<boolean> {
  return ([entry]) => {
    if (!matches(entry, old)) return { result: false };
    if (next !== undefined) return { result: true, writes: [keep(next)] };
    return entry === undefined ? { result: true } : { result: true, writes: [{ delete: true }] };
  };
}

/** A put that leaves the expiry as it is. */
export function keep(value: Encoded): Write {
  return { put: value, expires: "keep" };
}

function matches(entry: Entry | undefined, old: Value | undefined): boolean {
  if (entry === undefined || old === undefined) return entry === old;
  return equal(decode(entry.value), old);
}
