import type { z } from "zod";
import type { Backend } from "../backends/backend.ts";
import type { Retention } from "../backends/retention.ts";
import type { Awaitable } from "../lib/awaitable.ts";
import type { ArgsDef, ParsedArgs } from "../lib/command-args.ts";
import type { CallContext, CommandContext, PluginContext, StateChange } from "./context.ts";

/** A function that Lua gets. */
export interface ModuleFunction<A, C> {
  /** The arguments in their order; none without it. A `.describe("word")` gives one its name in `runner docs`. */
  readonly args?: A & readonly z.ZodType[];
  /** What it does, in a sentence or two. */
  readonly description?: string;
  /** What comes back, as the Lua language server writes types: `"string"`, `"{ ok: boolean }"`. */
  readonly returns?: string;
  /** A line of Lua that calls it. */
  readonly example?: string;
  /**
   * `false`: it changes nothing outside of the script, so that it may run while a file is only looked at and in a
   * sandbox. All others may do neither.
   */
  readonly effect?: boolean;
  /** Gives a value (nil, text, bytes, numbers, booleans, arrays, plain objects, maps of these) or a promise of one. */
  run(ctx: CallContext<C>, ...args: OutputsOf<A>): unknown;
}

/** What `run` gets for its schemas. */
export type OutputsOf<A> = A extends readonly unknown[] ? { -readonly [I in keyof A]: z.output<A[I]> } : [];

/** A command: its words, and what it does. */
export interface PluginCommand<A extends ArgsDef = ArgsDef, C = unknown> {
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly args?: A;
  /** Further lines of its help. */
  readonly details?: string;
  /** Shell lines that work. */
  readonly examples?: readonly string[];
  /** Does it; gives the exit code or a promise of it, nothing for 0. */
  run(call: { readonly ctx: CommandContext<C>; readonly args: ParsedArgs<A> }): unknown;
}

/** Commands under a common word. */
export interface PluginCommands {
  readonly summary: string;
  readonly commands: Readonly<Record<string, PluginCommand>>;
}

/** How a task came out. */
export interface TaskReport {
  readonly name: string;
  readonly status: "ok" | "failed" | "skipped";
  /** Milliseconds. */
  readonly duration: number;
  readonly attempts: number;
  readonly message?: string;
}

/** What hooks are told. */
export interface HookEvents {
  /** Before the first task. */
  readonly runStart: { readonly run: string; readonly file: string; readonly tasks: readonly string[] };
  /**
   * After the last one, and when a signal ends the run: then all plugins have one second for it together, and `tasks` are
   * those that have ended. `stopped` is a run that did not come to its end; `duration` in ms.
   */
  readonly runEnd: {
    readonly run: string;
    readonly file: string;
    readonly status: "ok" | "failed" | "stopped";
    readonly exitCode: number;
    readonly duration: number;
    readonly tasks: readonly TaskReport[];
  };
  readonly taskStart: { readonly run: string; readonly task: string; readonly description?: string };
  readonly taskEnd: TaskReport & { readonly run: string; readonly task: string };
  /** A change of the state by anyone, while the run lasts. */
  readonly stateChange: StateChange;
}

/** Functions that are told what happens. They run one after the other; one that fails or hangs is named and passed over. */
export type Hooks<C> = {
  readonly [E in keyof HookEvents]?: (event: HookEvents[E] & { readonly ctx: PluginContext<C> }) => unknown;
};

/** What a backend of a plugin is opened with. */
export interface BackendOptions {
  /** Whose store, a checked name; stores of different agents are apart. */
  readonly agent: string;
  /** `state.url`. */
  readonly url?: string;
  /** `state.pool_size`. */
  readonly poolSize?: number;
  readonly durability: "full" | "normal";
  /** How long to wait for others, in ms. */
  readonly busyTimeout: number;
  /** Entries that `get` may answer from memory; 0 is none. */
  readonly cacheSize: number;
  readonly maxValueBytes: number;
  readonly retention: Retention;
  /** `state.options`: the backend's own. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A clock for tests, in ms since the epoch; without it the engine's own decides. */
  readonly now?: () => number;
}

/** An engine that keeps the state: `state.backend: name`. */
export interface BackendDef {
  readonly description: string;
  /** Schemes of URLs that mean this backend, such as `rediss`; its own name is one already. */
  readonly schemes?: readonly string[];
  open(options: BackendOptions): Awaitable<Backend>;
}

/** A plugin: all of its parts are optional. */
export interface PluginDef<S extends z.ZodType, M> {
  /** Letters, digits and `_`, `-` between them; the settings are `plugins.config.<name>`. */
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  /** The version of this API that it is written for. */
  readonly api?: 1;
  /** What `plugins.config.<name>` must be. */
  readonly config?: S;
  /** Before anything else of it is called. */
  setup?(ctx: PluginContext<z.output<S>>): unknown;
  /** When runner ends, in the reverse order of `setup`; also after errors and signals. */
  close?(ctx: PluginContext<z.output<S>>): unknown;
  /** Globals of Lua: `modules: { slack: { notify: … } }` is `slack.notify(…)`. */
  readonly modules?: {
    readonly [N in keyof M]: { readonly [F in keyof M[N]]: ModuleFunction<M[N][F], z.output<S>> };
  };
  /** `runner <name> …`. */
  readonly commands?: Readonly<Record<string, PluginCommand | PluginCommands>>;
  readonly hooks?: Hooks<z.output<S>>;
  readonly backends?: Readonly<Record<string, BackendDef>>;
}
