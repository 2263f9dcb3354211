import { beforeEnding } from "../lib/ending.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { claimStrays } from "../lib/strays.ts";
import type { LockedStore } from "../modules/state/place.ts";
import type { PluginContext, PluginLog } from "./context.ts";
import { wholeOf } from "./places.ts";
import type { LoadedPlugin } from "./plugin.ts";
import { type Problem, sentence } from "./problem.ts";
import { createPluginState } from "./state.ts";
import { Overdue, within } from "./within.ts";

/** How long `setup` and `close` of a plugin may take, in ms. */
const SETUP_MS = 5000;
const CLOSE_MS = 1500;

/** What plugins get from whoever uses them. */
export interface PluginServices {
  /** The store behind `ctx.state` with its locks. */
  readonly open: () => Promise<LockedStore>;
  readonly log: (record: {
    level: keyof PluginLog;
    message: string;
    fields: Readonly<Record<string, unknown>>;
    task?: string;
  }) => void;
  /** Told of a plugin that does not do as it should. */
  readonly report: (problem: Problem) => void;
  /** Id of the run, when there is one. */
  readonly run?: string;
}

/** A call of a plugin's function, as far as it differs from others. */
export interface Call {
  readonly signal?: AbortSignal | undefined;
  readonly task?: string | undefined;
}

/** Plugins that are in use: each is set up before something of it is called, and closed at the end. */
export class PluginHost implements AsyncDisposable {
  readonly #end = new AbortController();
  /** In the order in which they were begun. */
  readonly #setups = new Map<LoadedPlugin, Promise<void>>();
  readonly #reported = new Set<LoadedPlugin>();
  #callOff: (() => void) | undefined;
  #farewell: ((exitCode: number) => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;
  #disclaim: (() => void) | undefined;

  /** @param plugins those that may raise errors where nobody waits for them. */
  constructor(
    readonly services: PluginServices,
    plugins: readonly LoadedPlugin[] = [],
  ) {
    if (plugins.length > 0) this.#disclaim = claimStrays((thrown) => this.#answerFor(thrown, plugins));
  }

  /** Sets a plugin up, once. Rejects with `invalid` and the reason when it does not succeed. */
  ready(plugin: LoadedPlugin): Promise<void> {
    const known = this.#setups.get(plugin);
    if (known !== undefined) return known;
    const setup = this.#setup(plugin);
    setup.catch(() => undefined);
    this.#setups.set(plugin, setup);
    return setup;
  }

  /** Sets a plugin up, once, and says whether that succeeded; one that it did not for is reported, once. */
  async isUsable(plugin: LoadedPlugin): Promise<boolean> {
    try {
      await this.ready(plugin);
      return true;
    } catch (error) {
      const { name, file } = plugin;
      if (!this.#reported.has(plugin)) {
        this.#reported.add(plugin);
        this.services.report({ plugin: name, file, reason: messageOf(error) });
      }
      return false;
    }
  }

  /** What a plugin's functions get. */
  context({ name, settings }: LoadedPlugin, { signal, task }: Call = {}): PluginContext {
    const { open, log } = this.services;
    const ended = this.#end.signal;
    const at = (level: keyof PluginLog) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
      log({ level, message: String(message), fields: fields ?? {}, ...(task !== undefined && { task }) });
    return {
      plugin: name,
      state: createPluginState(open, task),
      log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
      config: settings,
      signal: signal === undefined ? ended : AbortSignal.any([ended, signal]),
    };
  }

  /** Has `act` done when a signal ends this process, before plugins are closed; what comes back calls that off. */
  beforeClosing(act: (exitCode: number) => Promise<void>): () => void {
    this.#farewell = act;
    this.#closeOnSignal();
    return () => {
      this.#farewell = undefined;
    };
  }

  /** Closes the plugins, the last one first; those that fail or do not end are named. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #setup(plugin: LoadedPlugin): Promise<void> {
    const { setup, close } = plugin.definition;
    if (close !== undefined) this.#closeOnSignal();
    if (setup === undefined) return;
    try {
      await within(SETUP_MS, {
        file: plugin.file,
        plugin: plugin.name,
        overdue: "its setup has not ended",
        act: () => setup(this.context(plugin)),
      });
    } catch (error) {
      throw new RunnerError("invalid", reasonOf(error, "its setup raised an error"), { cause: error });
    }
  }

  #closeOnSignal(): void {
    // A script that computes can be ended without it: the state needs nothing of a plugin.
    this.#callOff ??= beforeEnding({
      when: "idle",
      act: async (exitCode) => {
        // What still waits for something ends first.
        this.#end.abort();
        await this.#farewell?.(exitCode);
        return this[Symbol.asyncDispose]();
      },
    });
  }

  async #close(): Promise<void> {
    this.#callOff?.();
    const opened = [...this.#setups].reverse();
    for (const [plugin, setup] of opened) {
      const { close } = plugin.definition;
      try {
        await setup;
      } catch {
        // It was reported then, and there is nothing to close.
        continue;
      }
      if (close === undefined) continue;
      try {
        await within(CLOSE_MS, {
          file: plugin.file,
          plugin: plugin.name,
          overdue: "its close has not ended",
          act: () => close({ ...this.context(plugin), signal: AbortSignal.timeout(CLOSE_MS) }),
        });
      } catch (error) {
        this.services.report({
          plugin: plugin.name,
          file: plugin.file,
          reason: reasonOf(error, "its close raised an error"),
        });
      }
    }
    this.#end.abort();
    this.#disclaim?.();
  }

  /** Names the plugin in whose files an error came into being. */
  #answerFor(thrown: unknown, plugins: readonly LoadedPlugin[]): boolean {
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    const plugin = plugins.find(({ file }) => stack.includes(wholeOf(file)));
    if (plugin === undefined) return false;
    const { name, file } = plugin;
    this.services.report({
      plugin: name,
      file,
      reason: reasonOf(thrown, "it raised an error that nobody waited for"),
    });
    return true;
  }
}

/** Why a call of a plugin failed, as the sentence of a problem. */
export function reasonOf(error: unknown, what: string): string {
  if (error instanceof Overdue) return error.message;
  return sentence(`${what}: ${messageOf(error)}`);
}
