import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkFilesystem } from "../backends/sqlite/filesystem.ts";
import { isFaulty, libraryVersion, OLDEST_SQLITE } from "../backends/sqlite/library.ts";
import type { SettingName } from "../config/config.ts";
import { CONFIG_FILES, PLUGINS_FOLDER, TASK_FILE } from "../config/project.ts";
import { findDistrust, PAST } from "../config/trust.ts";
import { readRecord } from "../config/trust-store.ts";
import { surveyTrust } from "../config/trust-survey.ts";
import { RunnerError, systemReason } from "../lib/errors.ts";
import { whyReadable, whyUnsafe } from "../lib/ownership.ts";
import { findPlugins } from "../plugins/places.ts";
import { type Problem, showProblem } from "../plugins/problem.ts";
import type { StoreStats } from "../state/store.ts";
import { type ContextOptions, openContext, placeStore, type Settled, settle } from "./context.ts";
import { type PluginPlaces, pluginPlaces } from "./plugin/places.ts";
import { load, mayHavePlugins } from "./plugin/session.ts";

/** How long a backend may take to say how it is, in ms. */
const PATIENCE = 5000;

/** Something that keeps a command from working, or lets others at what is not theirs. */
export interface Finding {
  /** Whole, with what to do. */
  readonly message: string;
  /** What commands that meet it end with: 5 for config, plugins and trust, 6 for the state. */
  readonly exitCode: number;
}

/** What `runner doctor` has found; what could not be looked at because of a problem is absent. */
export interface Examination {
  readonly sqlite: string;
  readonly settled?: Settled;
  readonly store?: {
    readonly backend: string;
    /** The database file, for a backend that has one. */
    readonly path?: string;
    readonly stats?: StoreStats;
  };
  readonly project: { readonly folder: string; readonly trust: TrustState };
  readonly plugins: readonly { readonly name: string; readonly origin: string; readonly file: string }[];
  readonly problems: readonly Finding[];
  /** What works and may still not be what was meant. */
  readonly notes: readonly string[];
}

export type TrustState = "not needed" | "trusted" | "changed" | "missing" | "unknown";

/**
 * Looks at everything that commands depend on and changes nothing. `project` is the folder of the project. No code of
 * it is run, and no store of its choice is opened, before it is trusted.
 */
export async function examine(project: string, options: ContextOptions): Promise<Examination> {
  const problems: Finding[] = [];
  // What cannot be used is a finding here; anything else is a fault of runner.
  const attempt = async <R>(act: () => R | Promise<R>): Promise<R | undefined> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error;
      problems.push({ message: error.message, exitCode: error.exitCode === 6 ? 6 : 5 });
      return undefined;
    }
  };
  const sqlite = libraryVersion();
  if (isFaulty(sqlite)) {
    const message = `This SQLite ${sqlite} has a known fault that loses data. Use ${OLDEST_SQLITE} or later.`;
    problems.push({ message, exitCode: 6 });
  }
  const asRun = { ...options, forTaskFile: join(project, TASK_FILE) };
  const settled = await attempt(() => settle(asRun));
  if (settled === undefined) {
    return { sqlite, project: { folder: project, trust: "unknown" }, plugins: [], problems, notes: [] };
  }
  problems.push(...examineHome(settled.home));
  const trust = (await attempt(() => examineTrust(project, settled.home, problems))) ?? "unknown";
  const trusted = trust === "trusted" || trust === "not needed";
  const places = pluginPlaces(settled, trusted ? asRun : { ...options, forTaskFile: undefined });
  const { found } = findPlugins(places.places);
  for (const problem of await findUnusable(places, trusted))
    problems.push({ message: showProblem(problem), exitCode: 5 });
  const place = await attempt(() => examinePlace(settled, options, problems));
  const stats = trusted && place !== undefined ? await attempt(() => ask(asRun)) : undefined;
  return {
    sqlite,
    settled,
    ...(place && { store: { ...place, ...(stats && { stats }) } }),
    project: { folder: project, trust },
    plugins: found.map(({ name, origin, file }) => ({ name, origin, file })),
    problems,
    notes: place === undefined ? [] : findIdle(settled, place.backend),
  };
}

/** What is wrong with plugins, whose code is loaded and not called. */
async function findUnusable(places: PluginPlaces, trusted: boolean): Promise<readonly Problem[]> {
  if (!mayHavePlugins(places)) return [];
  const { problems } = await load(places);
  // Settings may be for plugins of the project, at which nobody has looked.
  return trusted ? problems : problems.filter(({ file }) => file !== places.settings.origin);
}

/** What decides over settings, code and trust must be this user's alone. */
function examineHome(home: string | undefined): Finding[] {
  if (home === undefined) return [];
  const paths = [home, ...["config.yaml", "trusted", PLUGINS_FOLDER].map((name) => join(home, name))];
  const reasons = paths.filter(existsSync).map((path) => whyUnsafe(path));
  return reasons.filter((why) => why !== undefined).map((why) => ({ message: capitalize(why), exitCode: 5 }));
}

function examineTrust(folder: string, home: string | undefined, problems: Finding[]): TrustState {
  const { folder: real, settings, files } = surveyTrust(folder, process.env);
  const config = Object.keys(settings).length > 0;
  const plugins = Object.keys(files).some((file) => !CONFIG_FILES.includes(file));
  if (!config && !plugins) return "not needed";
  const distrust = findDistrust(home === undefined ? undefined : readRecord(home, real), files);
  if (distrust === undefined) return "trusted";
  const known = distrust.kind !== "unknown";
  const what = known
    ? `"${distrust.file}" in it ${PAST[distrust.kind]} since it was trusted`
    : "it has settings or plugins of its own";
  const message = `Cannot trust "${real}": ${what}. Look at it, then: runner trust "${real}"`;
  problems.push({ message, exitCode: 5 });
  return known ? "changed" : "missing";
}

/** Which store it is, and what can be said of its place without opening it. */
function examinePlace(
  settled: Settled,
  options: ContextOptions,
  problems: Finding[],
): { backend: string; path?: string } {
  const { backend, path } = placeStore(options, settled);
  if (backend !== "sqlite") return { backend };
  const files = [dirname(path), ...["", "-wal", "-shm"].map((ending) => path + ending)];
  // A folder that somebody names by --db may be for all; the one that runner makes is not.
  const reasons = files
    .slice(options.db === undefined ? 0 : 1)
    .filter(existsSync)
    .map(whyReadable);
  for (const why of reasons) if (why !== undefined) problems.push({ message: why, exitCode: 6 });
  const nearest = nearestExisting(path);
  try {
    accessSync(nearest, constants.W_OK);
  } catch (error) {
    const message = `Cannot write to "${nearest}": ${systemReason(error)}. Choose another place with state.path or RUNNER_HOME.`;
    problems.push({ message, exitCode: 6 });
  }
  checkFilesystem(path);
  return { backend, path };
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

async function ask(options: ContextOptions): Promise<StoreStats> {
  await using context = await openContext(options);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const backend = context.store.backend.name;
  const why = `Cannot reach the state backend "${backend}": it has not answered in ${PATIENCE / 1000} s. Check state.url.`;
  const timer = setTimeout(() => reject(new RunnerError("unavailable", why)), PATIENCE);
  try {
    return await Promise.race([context.store.stats(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Settings that somebody has made and that do nothing with this backend. */
function findIdle({ config: { origins } }: Settled, backend: string): string[] {
  const idle = (IDLE[backend] ?? IDLE_ELSEWHERE).filter((name) => origins[name] !== undefined);
  const notes = idle.map((name) => `${name} does nothing: the backend "${backend}" has no use for it.`);
  return backend === "memory"
    ? ['The backend "memory" forgets everything when a command ends.', ...notes]
    : notes;
}

const REMOTE = ["state.url", "state.pool_size", "state.cache_size", "state.options"] as const;
const IDLE: Readonly<Record<string, readonly SettingName[]>> = {
  sqlite: REMOTE,
  memory: [...REMOTE, "state.path", "state.durability", "state.busy_timeout"],
};
const IDLE_ELSEWHERE: readonly SettingName[] = ["state.path"];

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
