/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** RUNNER_ and a section of the config. */
const BEGINNINGS = ["RUNNER_STATE_", "RUNNER_RUN_", "RUNNER_LUA_", "RUNNER_SECRETS_", "RUNNER_PLUGINS_"];

/**
 * Whether a variable is, or means to be, a setting: RUNNER_ and a section of the config. Others that begin
 * with RUNNER_ are not ours: CI systems set RUNNER_OS, RUNNER_TEMP and the like.
 */
export function isSettingVariable(name: string): boolean {
  for (const beginning of BEGINNINGS) if (name.startsWith(beginning)) return true;
  return false;
}

/** Whether any variable is a setting. */
export function hasSettings(env: Environment): boolean {
  // Called for few: with a call for each of the forty variables that people have, a start would set a compiler to work.
  for (const name in env) if (name.startsWith("RUNNER_") && isSettingVariable(name)) return true;
  return false;
}
