import { findProjectFile } from "../config/files.ts";
import { TASK_FILE } from "../config/project.ts";
import { dirname, exists, join, resolve } from "../lib/path.ts";

/**
 * The folder of the project that this folder is in: that of the config file here or above, else of the task file; this
 * one without either. Raises `invalid` where a folder has several config files.
 */
export function projectFolder(): string {
  const start = resolve(".");
  const config = findProjectFile(start);
  if (config !== undefined) return dirname(config);
  for (let folder = start; ; folder = dirname(folder)) {
    if (exists(join(folder, TASK_FILE))) return folder;
    if (dirname(folder) === folder) return start;
  }
}
