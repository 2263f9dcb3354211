import type { z } from "zod";
import { RunnerError } from "../lib/errors.ts";
import type { LockedStore } from "../modules/state/place.ts";
import type { Store, Version } from "../state/store.ts";
import type { PluginState, StateChange, StateEntry, StateValue } from "./context.ts";
import { explainIssue } from "./issues.ts";
import { toPlugin } from "./values.ts";

/** How long a lease of `withLock` lasts without renewal, in ms. */
const LEASE_MS = 30_000;

/**
 * The state as a plugin gets it: what the store does, always by a promise and with plain values. `open` is asked with
 * each call, so that the store may come into being after the plugin.
 */
export function createPluginState(open: () => Promise<LockedStore>, task?: string): PluginState {
  const store = async () => (await open()).store;
  return {
    ...createCalls(store),
    transaction: async (fn) => {
      const { store: own, locks } = await open();
      return own.transaction(async (tx) => fn(createView(tx)), { locks });
    },
    withLock: async (name, fn, timeout = 30) => {
      const { store: own, locks } = await open();
      const wait = Math.max(0, timeout * 1000);
      const request = {
        name,
        ttl: LEASE_MS,
        timeout: wait,
        kind: "scope",
        ...(task !== undefined && { task }),
      } as const;
      const grant = await locks.acquire(request);
      if (grant === undefined) {
        throw new RunnerError(
          "lock_timeout",
          `Cannot acquire lock "${name}" in ${timeout} s: somebody else holds it.`,
        );
      }
      try {
        return await fn(createView(own.with({ guard: locks.guard([grant]) })));
      } finally {
        await locks.release(grant, task);
      }
    },
  };
}

/** The view of a transaction or of a lock: it joins what it is in. */
function createView(store: Store): PluginState {
  const own: PluginState = {
    ...createCalls(async () => store),
    transaction: async (fn) => store.transaction(async (tx) => fn(createView(tx))),
    withLock: async () => {
      throw new RunnerError(
        "bad_argument",
        "Cannot take a lock inside of a lock or a transaction: take it around.",
      );
    },
  };
  return own;
}

/** A change as plugins see it. */
export function toStateChange({ value, ...rest }: Version): StateChange {
  return value === undefined ? rest : { ...rest, value: toPlugin(value) as StateValue };
}

function createCalls(store: () => Promise<Store>): Omit<PluginState, "transaction" | "withLock"> {
  // What the store gives are values; made plain, they are still.
  const plain = <T>(value: T): T => toPlugin(value) as T;
  const get = async (key: string, schema?: z.ZodType) => {
    const value = plain(await (await store()).get(key));
    return value === undefined || schema === undefined ? value : parse(key, value, schema);
  };
  const need = async (key: string, schema?: z.ZodType) => {
    const value = plain(await (await store()).need(key));
    return schema === undefined ? value : parse(key, value, schema);
  };
  return {
    // With a schema they give what it makes of the value, which overloads can say and functions cannot.
    get: get as PluginState["get"],
    need: need as PluginState["need"],
    set: async (key, value, ttl) => (await store()).set(key, value, ttl),
    getMany: async (keys) => plain(await (await store()).getMany(keys)),
    setMany: async (values, ttl) => (await store()).setMany(values, ttl),
    delete: async (key, options) => (await store()).delete(key, options),
    exists: async (key) => (await store()).exists(key),
    keys: async (pattern) => (await store()).keys(pattern),
    list: async (prefix) => plain(await (await store()).list(prefix)),
    scan: async (pattern, options) => {
      const { entries, ...more } = await (await store()).scan(pattern, options);
      return {
        ...more,
        entries: entries.map((entry): StateEntry => ({ ...entry, value: plain(entry.value) })),
      };
    },
    clear: async (pattern) => {
      if (typeof pattern !== "string") {
        throw new RunnerError("bad_argument", 'Cannot clear the state without a pattern. "*" is everything.');
      }
      return (await store()).clear(pattern);
    },
    setTtl: async (key, seconds) => (await store()).setTtl(key, seconds),
    getTtl: async (key) => (await store()).getTtl(key),
    increment: async (key, delta, options) => asNumber(await (await store()).increment(key, delta, options)),
    decrement: async (key, delta, options) => asNumber(await (await store()).decrement(key, delta, options)),
    append: async (key, text) => (await store()).append(key, text),
    compareSwap: async (key, old, next) => (await store()).compareSwap(key, old, next),
    listPush: async (key, ...items) => (await store()).listPush(key, ...items),
    listPop: async (key) => plain(await (await store()).listPop(key)),
    listShift: async (key) => plain(await (await store()).listShift(key)),
    listLength: async (key) => (await store()).listLength(key),
    listRange: async (key, from, to) => plain(await (await store()).listRange(key, from, to)),
    rateLimit: async (key, max, window) => (await store()).rateLimit(key, max, window),
    history: async (key, limit) => (await (await store()).history(key, limit)).map(toStateChange),
    getAt: async (key, moment) =>
      plain(
        await (await store()).getAt(
          key,
          moment instanceof Date ? { time: moment.getTime() } : { revision: moment },
        ),
      ),
  };
}

function asNumber(value: unknown): number | bigint {
  // A store counts in Lua's numbers, of which one is boxed.
  return toPlugin(value) as number | bigint;
}

function parse(key: string, value: unknown, schema: z.ZodType): unknown {
  const problem = explainIssue(schema, value, "it");
  if (problem === undefined) return schema.parse(value);
  throw new RunnerError("bad_value", `Cannot use "${key}" of the state: ${problem}`);
}
