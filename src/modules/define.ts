import type { HostResult, LuaValue } from "./module.ts";
import type { Permission } from "./permits.ts";
import type { ArgsOf, Schema, Shape, Words } from "./schema/words.ts";

/** One function that Lua sees: everything that calls, checks, documents or completes it comes from here. */
export interface FunctionDef<S extends Shape = Shape> {
  /** One or two sentences: what it does and what comes back. */
  readonly description: string;
  /** The arguments by name; none without it. Built when the function is first called. */
  readonly args?: ((words: Words) => S) | readonly Schema<unknown>[];
  /** What comes back, as the Lua language server writes types, one for each result: `"string"`, `"boolean existed"`. */
  readonly returns?: string | readonly string[];
  /** Lua that runs as it stands in an empty folder. */
  readonly example: string;
  /** Further names of the function, for scripts of older tools. */
  readonly aliases?: readonly string[];
  /**
   * Whether it changes something outside of the script: such a call is refused while a file is only looked at. Without
   * it, as the module says; a function of which nobody says that it is harmless is not.
   */
  readonly effect?: boolean;
  /** Whether it may wait for something: where Lua cannot suspend its caller such a call is refused before it begins. */
  readonly waits?: true;
  /** What a sandboxed script must have been allowed; `plugins` where it is absent and there is an effect. */
  readonly permission?: Permission;
  /**
   * What it does; absent when the module's own Lua does it.
   *
   * @param args what `args` describes.
   * @param given how many arguments the call had, an explicit nil included.
   */
  run?(args: ArgsOf<S>, given: number): HostResult | Promise<HostResult>;
}

/** A constant of a module. */
export interface FieldDef {
  readonly value: LuaValue;
  readonly description: string;
  readonly type: string;
}

/** One module: a global of its name, and what `require` gives for it. */
export interface ModuleDef {
  readonly name: string;
  readonly description: string;
  /** The `effect` of those functions that do not say theirs. */
  readonly effect?: boolean;
  readonly functions: Readonly<Record<string, FunctionDef<never>>>;
  readonly fields?: Readonly<Record<string, FieldDef>>;
  /** Whether it has fields of other names too, as a run gives them. */
  readonly open?: true;
}

/** Gives a function's `run` the types of its arguments. */
export function defineFunction<S extends Shape>(definition: FunctionDef<S>): FunctionDef<never> {
  // Seen from outside, a definition takes whatever its own schemas let through.
  return definition as unknown as FunctionDef<never>;
}
