import type { Writer } from "../backends/backend.ts";
import { DEFAULT_RETENTION, type Retention } from "../backends/retention.ts";
import type { Config } from "../config/config.ts";
import { findHome, needHome } from "../config/home.ts";
import { loadConfig } from "../config/load.ts";
import { RunnerError } from "../lib/errors.ts";
import { node } from "../lib/node.ts";
import { dirname, join, resolve } from "../lib/path.ts";
import { STDERR, writeWhole } from "../lib/stdio.ts";
import { agentPath, checkAgentName, DEFAULT_AGENT, KNOWN_BACKENDS, openStore } from "../state/open.ts";
import type { Store } from "../state/store.ts";

/** What a command line says about where its settings and its store are. */
export interface ContextOptions {
  /** Whose store; `local` if absent. */
  readonly agent?: string | undefined;
  /** A backend in place of the configured one. */
  readonly backend?: string | undefined;
  /** A database file in place of the agent's own; implies `sqlite`. */
  readonly db?: string | undefined;
  /**
   * The task file that the command executes or reads: the project is its folder's, and is followed without
   * trust.
   */
  readonly forTaskFile?: string | undefined;
  /** Id of the run that writes, for history. */
  readonly run?: string | undefined;
  /** Further folders of plugins. */
  readonly plugins?: readonly string[] | undefined;
  /** `--sandbox`, and what `--allow` adds to it: it decides which plugins are loaded. */
  readonly sandbox?: boolean | undefined;
  readonly allow?: readonly string[] | undefined;
}

/** The settings in force and the folder that they may refer to. */
export interface Settled {
  readonly config: Config;
  /** The home folder; undefined when the environment names none. */
  readonly home: string | undefined;
}

/** Everything that a command works with. `await using` closes the store. */
export interface Context extends Settled, AsyncDisposable {
  readonly agent: string;
  readonly store: Store;
}

/** Reads the config of this folder, or of the task file's. Raises `invalid` for mistakes in it. */
export async function settle(options: ContextOptions = {}): Promise<Settled> {
  const { forTaskFile, backend } = options;
  const home = findHome(process.env);
  const config = await loadConfig({
    home,
    folder: forTaskFile === undefined ? "." : dirname(resolve(forTaskFile)),
    env: process.env,
    project: forTaskFile === undefined ? "needs-trust" : "follow",
    flags: backend === undefined ? [] : [{ origin: "--backend", layer: { "state.backend": backend } }],
  });
  return { config, home };
}

/** Which store the settings and the options name. */
export interface Place {
  readonly agent: string;
  /** The name of a backend, known or not. */
  readonly backend: string;
  /** The database file; empty where the backend has none. */
  readonly path: string;
}

/**
 * Where the store is that the settings and the options name. Raises `bad_argument` for a bad name of an agent, `usage`
 * for a file of a backend that has none, `invalid` where nothing says where the home is.
 */
export function placeStore(options: ContextOptions, settled: Settled): Place {
  const agent = options.agent ?? DEFAULT_AGENT;
  checkAgentName(agent);
  const { "state.backend": configured } = settled.config.settings;
  const backend = options.db !== undefined && options.backend === undefined ? "sqlite" : configured;
  if (options.db !== undefined && backend !== "sqlite") {
    throw new RunnerError(
      "usage",
      `Cannot use "--db": the backend "${backend}" has no file. Leave one of the two out.`,
    );
  }
  return { agent, backend, path: backend === "sqlite" ? locate(options, settled, agent) : "" };
}

/**
 * Opens the store that the config, read here unless it is given, and the options name. Nothing is created before the
 * first write. Raises `invalid` for mistakes in config, backend or agent name.
 */
export async function openContext(options: ContextOptions = {}, given?: Settled): Promise<Context> {
  const settled = given ?? (await settle(options));
  const { settings } = settled.config;
  const { agent, backend, path } = placeStore(options, settled);
  const writer = describeWriter(options.run);
  if (!KNOWN_BACKENDS.includes(backend)) {
    // Loaded here alone, so that nothing else pays for plugins.
    const { openOtherBackend } = await import("./plugin/backend.ts");
    const other = await openOtherBackend(backend, agent, settled, options);
    const { Store } = await import("../state/store.ts");
    const store = new Store(other, { writer, maxValueBytes: settings["state.max_value"] });
    return { ...settled, agent, store, [Symbol.asyncDispose]: async () => store.close() };
  }
  const store = await openStore({
    backend,
    path,
    durability: settings["state.durability"],
    busyTimeout: settings["state.busy_timeout"],
    maxValueBytes: settings["state.max_value"],
    retention: retentionOf(settings),
    writer,
  });
  const isOfOneCommand = backend === "memory" && options.forTaskFile === undefined;
  const close = async () => {
    if (isOfOneCommand && (await store.backend.revision()) > 0) writeWhole(STDERR, FORGOTTEN);
    await store.close();
  };
  return { ...settled, agent, store, [Symbol.asyncDispose]: close };
}

const FORGOTTEN = "Nothing of this is kept: the memory backend ends with this command.\n";

/** How much history is kept, by the config. */
export function retentionOf(settings: Config["settings"]): Retention {
  return {
    keep: settings["state.history.keep"],
    maxAge: settings["state.history.for"],
    bytesPerKey: settings["state.history.bytes_per_key"],
    minAge: DEFAULT_RETENTION.minAge,
  };
}

function locate(options: ContextOptions, { config, home }: Settled, agent: string): string {
  if (options.db !== undefined) return resolve(options.db);
  return agentPath(config.settings["state.path"] ?? join(needHome(home), "state"), agent);
}

/** Who this process is. Looked up when something is written: a command that only reads does not pay for it. */
export function describeWriter(run: string | undefined): Writer {
  let identity: Pick<Writer, "host" | "user"> | undefined;
  const identify = () => {
    identity ??= readIdentity();
    return identity;
  };
  return {
    get host() {
      return identify().host;
    },
    get user() {
      return identify().user;
    },
    pid: process.pid,
    ...(run === undefined ? {} : { run }),
  };
}

function readIdentity(): Pick<Writer, "host" | "user"> {
  const host = node.os.hostname();
  return { host, user: accountName() ?? `uid ${process.getuid?.() ?? "unknown"}` };
}

/** The account's name; undefined where nothing tells: containers run under ids that no user database knows. */
function accountName(): string | undefined {
  try {
    const { username } = node.os.userInfo();
    // What the runtime says when the environment has no USER.
    return username === "unknown" || username === "" ? undefined : username;
  } catch {
    return undefined;
  }
}
