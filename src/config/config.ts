import type { SettingName, SettingValues } from "./schema.ts";

export type { SettingName } from "./schema.ts";

/** Settings by path; those without a default are undefined until something sets them. */
export type Settings = {
  readonly [K in SettingName]: K extends Unset ? SettingValues[K] | undefined : SettingValues[K];
};
type Unset = "state.path" | "state.url" | "state.pool_size";

/** What is in force, and where each value that is not a default comes from. */
export interface Config {
  readonly settings: Settings;
  /** A file's path, a variable's name or an option, as people know them; absent for defaults. */
  readonly origins: Readonly<Partial<Record<SettingName, string>>>;
}

/** What holds where nothing else is said. Times in ms, sizes in bytes. */
export const DEFAULTS: Settings = {
  "state.backend": "sqlite",
  // Absent stands for `<home>/state`, so that whoever names another store needs no home.
  "state.path": undefined,
  "state.url": undefined,
  "state.pool_size": undefined,
  "state.durability": "full",
  "state.busy_timeout": 30_000,
  "state.cache_size": 0,
  "state.max_value": 64 * 2 ** 20,
  "state.session": "memory",
  "state.session_max": 256 * 2 ** 20,
  "state.history.keep": 100,
  "state.history.for": 30 * 86_400_000,
  "state.history.bytes_per_key": 16 * 2 ** 20,
  "state.backups.keep": 10,
  "state.options": {},
  "run.jobs": 1,
  "run.timeout": undefined,
  "run.keep_going": false,
  "run.keep_runs": 200,
  "lua.memory": 2 ** 30,
  "secrets.patterns": ["*password*", "*secret*", "*token*"],
  "plugins.paths": [],
  "plugins.config": {},
};
