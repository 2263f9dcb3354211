import { node } from "../lib/node.ts";
import { dirname, join } from "../lib/path.ts";
import type { LockedStore } from "../modules/state/place.ts";
import type { Locks } from "../state/locks/locks.ts";
import { openLocks } from "../state/locks/open.ts";
import { checkAgentName, fileOf, openBackend } from "../state/open.ts";
import { Session } from "../state/session.ts";
import { Store } from "../state/store.ts";
import { type Context, type ContextOptions, openContext, retentionOf } from "./context.ts";

/** The stores that a script can reach. Closing the locks closes all but the first. */
export interface RunStores {
  /** Behind `state`; whoever opened it closes it. */
  readonly store: Store;
  readonly locks: Locks;
  /** Behind `State`. */
  readonly session: LockedStore & { readonly changes?: Session };
  /** Behind `state.agent(name)`. */
  readonly openAgent: (name: string) => Promise<LockedStore>;
}

/** The stores of a run beside the one of its context; `options` are those that the context was opened with. */
export async function openRunStores(context: Context, options: ContextOptions): Promise<RunStores> {
  const { store } = context;
  const locks = openLocks(store);
  const { store: ofSession, changes } = await openSession(context, options);
  const session = { ...endingWith(locks, ofSession), ...(changes && { changes }) };
  const opened = new Map([[placeOf(store, context.agent), { store, locks }]]);
  const agents = new Map([[context.agent, Promise.resolve<LockedStore>({ store, locks })]]);
  const open = async (agent: string) => {
    const { db: _, ...others } = options;
    const other = await openContext({ ...others, agent });
    // SQLite's locks are the process's: a second connection to the same file would end those of the first.
    const known = opened.get(placeOf(other.store, agent));
    if (known !== undefined && other.store.backend.location !== undefined) return known;
    const ready = endingWith(locks, other.store);
    opened.set(placeOf(other.store, agent), ready);
    return ready;
  };
  const openAgent = async (name: string) => {
    checkAgentName(name);
    const agent = agents.get(name) ?? open(name);
    agents.set(name, agent);
    return agent;
  };
  return { store, locks, session, openAgent };
}

/** A store with locks of its own, both of which end with others. */
function endingWith(locks: Locks, store: Store): LockedStore {
  const own = openLocks(store);
  locks.alongside({
    releaseTask: (task) => own.releaseTask(task),
    close: async () => {
      await own.close();
      await store.close();
    },
  });
  return { store, locks: own };
}

/** The store behind `State`, and what knows which task changed what in it; that is absent where it outlives the run. */
async function openSession(
  context: Context,
  options: ContextOptions,
): Promise<{ store: Store; changes?: Session }> {
  const { store, config } = context;
  const { settings } = config;
  const { writer } = store;
  const maxValueBytes = settings["state.max_value"];
  const kept = settings["state.session"];
  const { name, durable } = store.backend;
  const file = fileOf(store.backend);
  const openKept = async () => {
    if (file === undefined) {
      const { openOtherBackend } = await import("./plugin/backend.ts");
      // No agent can be called so.
      return openOtherBackend(name, `${context.agent}~session`, context, options);
    }
    return openBackend({
      backend: "sqlite",
      path: join(join(dirname(file), "session"), node.path.basename(file)),
      durability: settings["state.durability"],
      busyTimeout: settings["state.busy_timeout"],
      retention: retentionOf(settings),
    });
  };
  if (kept === "persistent" && durable) {
    return { store: new Store(await openKept(), { writer, maxValueBytes }) };
  }
  const backend = Array.isArray(kept) && durable ? await openKept() : undefined;
  // Nobody but the run itself watches what lives no longer than it.
  const limits = {
    maxBytes: settings["state.session_max"],
    retention: { ...retentionOf(settings), minAge: 0 },
  };
  const prefixes = Array.isArray(kept) ? kept : [];
  const changes = await Session.open(limits, writer, backend && { prefixes, backend });
  return { store: new Store(changes.backend, { writer, maxValueBytes }), changes };
}

/** What tells one store from another: its file, however it is named; elsewhere agents share a place. */
function placeOf({ backend: { name, location } }: Store, agent: string): string {
  if (location === undefined) return "";
  if (name !== "sqlite") return `${location} ${agent}`;
  try {
    return node.fs.realpathSync(location);
  } catch {
    return location;
  }
}
