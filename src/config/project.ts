/** What a project's config may be called. */
export const CONFIG_FILES: readonly string[] = ["runner.yaml", "runner.yml", "runner.toml", "runner.json"];

/** The folder of plugins, in a project as in the home of runner. */
export const PLUGINS_FOLDER = "plugins";

/** The task file of a project, where none is named. */
export const TASK_FILE = "runner.lua";
