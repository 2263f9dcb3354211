import { Opaque, type Value } from "../lib/value.ts";

/** A Lua function that a script handed to the host. */
export abstract class LuaFunction extends Opaque {
  override readonly what = "a function";
  /** `file:line` where it is defined. */
  abstract readonly definedAt: string;
  /** Runs it in a coroutine of its own and resolves with its results; rejects with what it raised. */
  abstract call(...args: LuaValue[]): Promise<LuaValue[]>;
  /** Lets go of it at once, for one that is not called again; without this, JavaScript's collector does it some day. */
  abstract release(): void;
}

/** A table, as the host sees a table that may hold functions too. */
export interface LuaRecord {
  [key: string]: LuaValue;
}
export type LuaMap = Map<LuaValue, LuaValue>;

/**
 * Whatever Lua can hand to the host or get from it. `undefined` is nil; `null` is `json.null`. Functions are
 * `LuaFunction`, all else that has no value here is `Unsupported`.
 */
export type LuaValue = Value | undefined | null | Opaque | LuaValue[] | LuaRecord | LuaMap;

/** A coroutine, a userdata, a cycle, nesting too deep: it arrives as nothing but its name. */
export class Unsupported extends Opaque {
  constructor(override readonly what: string) {
    super();
  }
}

/** Several results of one host function, in order. */
export class Results {
  constructor(readonly values: readonly LuaValue[]) {}
}

/** One of the call's own arguments (1 is the first), given back as it is: the very table, function or coroutine. */
export class SameArgument {
  constructor(readonly index: number) {}
}

/** What a host function may return: a value, several, an argument, or a promise of these, for which the coroutine waits. */
export type HostResult = LuaValue | Results | SameArgument;
export type HostFunction = (...args: LuaValue[]) => HostResult | Promise<HostResult>;

/**
 * What Lua sees under one global name and through `require`. Functions raise `RunnerError`, which arrives in Lua
 * as an object with `code` and `message`.
 */
export interface LuaModule {
  readonly name: string;
  readonly functions: Readonly<Record<string, HostFunction>>;
  /** Constants beside the functions. */
  readonly fields?: Readonly<Record<string, LuaValue>>;
  /** Names of the functions that change something outside of the script. */
  readonly effects?: readonly string[];
}
