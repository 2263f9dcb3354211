import type { Cursor } from "../backends/backend.ts";
import type { Store } from "../state/store.ts";
import { watch } from "../state/watch.ts";
import type { PluginContext } from "./context.ts";
import type { HookEvents } from "./contract.ts";
import { type PluginHost, reasonOf } from "./host.ts";
import type { LoadedPlugin } from "./plugin.ts";
import { toStateChange } from "./state.ts";
import { Overdue, within } from "./within.ts";

/** How long one call of a hook may take, in ms; one that took longer is not called again. */
const HOOK_MS = 3000;

/** When a signal ends the run: how long hooks that are under way have, and then the last ones; both in ms. */
const UNDER_WAY_MS = 250;
const LAST_HOOK_MS = 1000;

type EventName = keyof HookEvents;

/**
 * Tells plugins what happens in a run: one call after the other, events in their order, plugins in theirs. A hook that
 * fails or hangs is named and changes nothing else.
 */
export class HookRunner {
  #queue: Promise<void> = Promise.resolve();
  readonly #givenUp = new Set<string>();
  /** Who has been told of the run's end, or is just being told. */
  readonly #toldOfEnd = new Set<LoadedPlugin>();
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;
  /** Up to where changes have been told. */
  #seen: Cursor = { revision: 0 };

  constructor(
    private readonly host: PluginHost,
    private readonly plugins: readonly LoadedPlugin[],
  ) {}

  /** Whether anybody wants to know of this. */
  wants(event: EventName): boolean {
    return this.plugins.some(({ definition }) => definition.hooks?.[event] !== undefined);
  }

  /** Resolves when all hooks for this event, and all before it, have had their turn. */
  emit<E extends EventName>(event: E, data: HookEvents[E]): Promise<void> {
    for (const plugin of this.plugins) {
      // Each key has the function for its own event, which an index by a type parameter does not show.
      const hook = plugin.definition.hooks?.[event] as ((event: object) => unknown) | undefined;
      if (hook !== undefined)
        this.#queue = this.#queue.then(() => this.#call(plugin, event, () => hook(this.#told(plugin, data))));
    }
    return this.#queue;
  }

  /**
   * Tells of the end of a run when a signal ends it, all plugins at the same time that have not been told yet: the
   * process waits a moment only. What comes back calls that off.
   */
  onSignal(endOf: (exitCode: number) => HookEvents["runEnd"]): () => void {
    if (!this.wants("runEnd")) return () => undefined;
    return this.host.beforeClosing(async (exitCode) => {
      await Promise.race([this.#queue, Bun.sleep(UNDER_WAY_MS)]);
      const data = endOf(exitCode);
      const last = this.plugins.map(async (plugin) => {
        const hook = plugin.definition.hooks?.runEnd;
        if (hook === undefined) return;
        const signal = AbortSignal.timeout(LAST_HOOK_MS);
        await this.#call(plugin, "runEnd", () => hook(this.#told(plugin, data, signal)), LAST_HOOK_MS);
      });
      await Promise.all(last);
    });
  }

  /** Tells of every change of the state from now on, until `end`. */
  async watch(store: Store): Promise<void> {
    if (!this.wants("stateChange")) return;
    this.#seen = { revision: await store.backend.revision() };
    this.#watching = this.#follow(store).catch((error: unknown) => {
      const reason = reasonOf(error, "its hook stateChange is told nothing more: changes cannot be followed");
      for (const { name, file, definition } of this.plugins) {
        if (definition.hooks?.stateChange !== undefined)
          this.host.services.report({ plugin: name, file, reason });
      }
    });
  }

  /** Resolves when all that has happened has been told. */
  async end(store: Store): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    if (this.#watching !== undefined) {
      const rest = await store.backend.changes({ after: this.#seen, prefix: "", limit: 10_000 });
      const { versionOf } = await import("../state/show.ts");
      for (const record of rest) void this.emit("stateChange", toStateChange(versionOf(record)));
    }
    await this.#queue;
  }

  async #follow(store: Store): Promise<void> {
    for await (const version of watch(store, "*", {
      after: this.#seen.revision,
      signal: this.#stop.signal,
    })) {
      await this.emit("stateChange", toStateChange(version));
      this.#seen = { revision: version.revision, key: version.key };
    }
  }

  /** What a hook gets; `signal` takes the place of the one that aborts when runner ends. */
  #told<D extends object>(plugin: LoadedPlugin, data: D, signal?: AbortSignal): D & { ctx: PluginContext } {
    const ctx = this.host.context(plugin);
    return { ...data, ctx: signal === undefined ? ctx : { ...ctx, signal } };
  }

  async #call(plugin: LoadedPlugin, event: EventName, act: () => unknown, ms = HOOK_MS): Promise<void> {
    const { name, file } = plugin;
    const key = `${name} ${event}`;
    if (this.#givenUp.has(key) || !(await this.host.isUsable(plugin))) return;
    if (event === "runEnd") {
      if (this.#toldOfEnd.has(plugin)) return;
      this.#toldOfEnd.add(plugin);
    }
    try {
      await within(ms, { plugin: name, file, overdue: `its hook ${event} has not ended`, act });
    } catch (error) {
      const reason = reasonOf(error, `its hook ${event} raised an error`);
      // One that hangs would cost every task its time.
      if (error instanceof Overdue) this.#givenUp.add(key);
      this.host.services.report({ plugin: name, file, reason });
    }
  }
}
