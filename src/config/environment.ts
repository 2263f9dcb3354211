/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether a variable is, or means to be, a setting: RUNNER_ and a section of the config. Others that begin
 * with RUNNER_ are not ours: CI systems set RUNNER_OS, RUNNER_TEMP and the like.
 */
export function isSettingVariable(name: string): boolean {
  // Most names begin otherwise: a process that starts has to look at each.
  return name.startsWith("RUNNER_") && /^RUNNER_(STATE|RUN|LUA|SECRETS|PLUGINS)_/.test(name);
}
