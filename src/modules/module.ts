import { type Constant, Opaque, type Value } from "../lib/value.ts";

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

/** Thrown by a host function: its coroutine goes no further, whatever it catches, and rejects with `reason`. */
export class Halt extends Error {
  constructor(readonly reason: unknown) {
    super("the script has ended");
  }
}

/** One of the call's own arguments (1 is the first), given back as it is: the very table, function or coroutine. */
export class SameArgument {
  constructor(readonly index: number) {}
}

/** Source text of Lua: Lua gets the function that it compiles to, or nil and why it does not compile. */
export class SourceText {
  constructor(
    readonly source: string | Uint8Array,
    /** The chunk's name as Lua has it, with its `@` or `=`. */
    readonly name: string,
  ) {}
}

/** What a host function may return: a value, a constant, several, an argument, or a promise of these, for which the coroutine waits. */
export type HostResult = LuaValue | Constant | Results | SameArgument | SourceText;
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
  /** The functions that may wait, and what messages call them: they are refused where Lua cannot suspend the caller. */
  readonly waits?: Readonly<Record<string, string>>;
  /** Names of the functions that change nothing outside of the script; all others are taken to do so. */
  readonly harmless?: readonly string[];
}
