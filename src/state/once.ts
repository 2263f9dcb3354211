import type { Change, Ref } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import type { Value } from "../lib/value.ts";
import type { Access } from "./access.ts";
import { decode, encode } from "./codec.ts";
import { guarded } from "./guarded.ts";
import { checkKey } from "./key.ts";
import { checkStorable } from "./unstorable.ts";

/** What came of the one call; a result that is nil is stored, too. */
export interface Completed {
  readonly result: Value | undefined;
}

/** What the completed call under a key gave; undefined when none has completed. */
export function findCompleted({ backend }: Access, key: string): Awaitable<Completed | undefined> {
  checkKey(key);
  return chain(backend.read([onceRef(key)]), ([entry]) => {
    if (entry === undefined) return undefined;
    // A list with the result, or without one for nil.
    const [result] = decode(entry.value) as Value[];
    return { result };
  });
}

/** Stores the result of the one call. Raises `bad_value`, `too_large`, and what the store's guard raises. */
export function complete(store: Access, key: string, result: unknown): Awaitable<void> {
  const { backend, guard, writer, maxBytes } = store;
  if (result !== undefined) checkStorable(result, key);
  const put = encode(result === undefined ? [] : [result], key, maxBytes);
  const change: Change<void> = () => ({ result: undefined, writes: [{ put, expires: "never" }] });
  if (guard === undefined) return backend.update([onceRef(key)], change, writer);
  return backend.update([onceRef(key), ...guard.refs], guarded(change, guard), writer);
}

/** Lets the next call under a key run again; whether one had completed. */
export function forget({ backend, guard, writer }: Access, key: string): Awaitable<boolean> {
  checkKey(key);
  const change: Change<boolean> = ([entry]) =>
    entry === undefined ? { result: false } : { result: true, writes: [{ delete: true }] };
  if (guard === undefined) return backend.update([onceRef(key)], change, writer);
  return backend.update([onceRef(key), ...guard.refs], guarded(change, guard), writer);
}

function onceRef(key: string): Ref {
  return { space: "once", key };
}
