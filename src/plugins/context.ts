import type { z } from "zod";
import type { Value, ValueRecord, ValueType } from "../lib/value.ts";

/** A value of the state as plugins see it. Numbers beyond ±(2^53 - 1) are bigint; text that is not UTF-8 is bytes. */
export type StateValue = Value;

/** One change of a key; `value` is absent when it was deleted or has expired. */
export interface StateChange {
  readonly key: string;
  readonly kind: "put" | "delete" | "expire";
  readonly value?: StateValue;
  readonly type?: ValueType;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: {
    readonly host: string;
    readonly user: string;
    readonly pid: number;
    readonly run?: string;
    readonly task?: string;
  };
}

/** One entry with what is known of it; times are milliseconds since the epoch, `ttl` is seconds. */
export interface StateEntry {
  readonly key: string;
  readonly value: StateValue;
  readonly type: ValueType;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  readonly ttl?: number;
}

/**
 * The durable state: the calls of Lua's `state`, with names in camelCase. Times to live are seconds. What fails raises
 * `RunnerError`; losing a race is a `false`.
 */
export interface PluginState {
  set(key: string, value: unknown, ttl?: number): Promise<true>;
  /** The value, undefined without one. With a schema it is checked: `get("count", z.number())`. */
  get(key: string): Promise<StateValue | undefined>;
  get<S extends z.ZodType>(key: string, schema: S): Promise<z.output<S> | undefined>;
  /** The same; raises `not_found` without a value. */
  need(key: string): Promise<StateValue>;
  need<S extends z.ZodType>(key: string, schema: S): Promise<z.output<S>>;
  getMany(keys: readonly string[]): Promise<ValueRecord>;
  setMany(values: Readonly<Record<string, unknown>>, ttl?: number): Promise<true>;
  delete(key: string, options?: { purge?: boolean }): Promise<boolean>;
  exists(key: string): Promise<boolean>;
  keys(pattern?: string): Promise<string[]>;
  list(prefix?: string): Promise<ValueRecord>;
  scan(
    pattern?: string,
    options?: { limit?: number; after?: string },
  ): Promise<{ entries: StateEntry[]; after?: string }>;
  /** Removes what matches; the pattern "*" is everything. */
  clear(pattern: string): Promise<number>;
  setTtl(key: string, seconds: number): Promise<boolean>;
  /** -1 without an expiry, -2 when it is absent. */
  getTtl(key: string): Promise<number>;
  increment(key: string, delta?: number | bigint, options?: { ttl?: number }): Promise<number | bigint>;
  decrement(key: string, delta?: number | bigint, options?: { ttl?: number }): Promise<number | bigint>;
  append(key: string, text: string | Uint8Array): Promise<number>;
  /** `old` undefined: must be absent; `next` undefined: is deleted. */
  compareSwap(key: string, old: unknown, next: unknown): Promise<boolean>;
  listPush(key: string, ...items: unknown[]): Promise<number>;
  listPop(key: string): Promise<StateValue | undefined>;
  listShift(key: string): Promise<StateValue | undefined>;
  listLength(key: string): Promise<number>;
  listRange(key: string, from?: number, to?: number): Promise<StateValue[]>;
  rateLimit(
    key: string,
    max: number,
    window: number,
  ): Promise<{ allowed: boolean; remaining: number; resetAfter: number }>;
  /** All that `tx` changes lands or none; `fn` runs again when another writer changed what it had read. */
  transaction<R>(fn: (tx: PluginState) => Promise<R>): Promise<R>;
  history(key: string, limit?: number): Promise<StateChange[]>;
  /** The value as of a revision or a time. */
  getAt(key: string, moment: number | Date): Promise<StateValue | undefined>;
  /**
   * Runs `fn` under a lock, which is renewed meanwhile; raises `lock_timeout` after `timeout` seconds (30). What is
   * written by `state` is refused (`lock_lost`) once the lock is lost.
   */
  withLock<R>(name: string, fn: (state: PluginState) => Promise<R>, timeout?: number): Promise<R>;
}

/** Messages for people, on stderr. Fields whose names match a secret pattern are masked. */
export interface PluginLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What every function of a plugin gets. */
export interface PluginContext<C = unknown> {
  /** The plugin's name. */
  readonly plugin: string;
  readonly state: PluginState;
  readonly log: PluginLog;
  /** What the plugin's schema made of `plugins.config.<name>`. */
  readonly config: C;
  /** Aborted when what called has to end: give it to `fetch` and whatever else waits. */
  readonly signal: AbortSignal;
}

/** What a function of a module gets. */
export interface CallContext<C = unknown> extends PluginContext<C> {
  /** Folder that the calling task's relative paths start from; absolute. */
  readonly cwd: string;
  /** The calling task's name; absent at the top level of a file. */
  readonly task?: string;
  /** Id of the run; absent where there is none, as in `runner repl`. */
  readonly run?: string;
}

/** Where a command prints. */
export interface CommandOutput {
  /** What the user asked for: with "json", print one JSON document and nothing else. */
  readonly format: "text" | "json";
  /** A line for stdout; printed when the command has ended well. */
  line(text: string): void;
  /** A line for stderr, at once. */
  note(text: string): void;
  /** Rows under titles, aligned, for stdout. */
  table(titles: readonly string[], rows: readonly (readonly string[])[]): void;
}

/** A run as the journal has it; times are milliseconds since the epoch. */
export interface JournaledRun {
  readonly id: string;
  readonly file: string;
  readonly status: "running" | "ok" | "failed" | "stopped" | "killed";
  readonly started: number;
  readonly ended?: number;
  readonly tasks: readonly {
    readonly name: string;
    readonly status: "running" | "ok" | "failed" | "skipped";
    readonly attempts: number;
    /** Milliseconds; absent while it runs. */
    readonly duration?: number;
    readonly message?: string;
  }[];
}

/** What a command gets. */
export interface CommandContext<C = unknown> extends PluginContext<C> {
  readonly out: CommandOutput;
  /** The newest runs of the journal, the newest first. */
  runs(limit: number): Promise<JournaledRun[]>;
}
