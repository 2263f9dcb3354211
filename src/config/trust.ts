import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { readConfigFile } from "./files.ts";
import type { Layer } from "./layer.ts";

/**
 * Whether the user has said that the settings of this folder may choose stores and plugins:
 * `<home>/trusted.json` lists such folders by their absolute paths without links.
 */
export function isTrusted(folder: string, home: string | undefined): boolean {
  if (home === undefined) return false;
  const folders = readConfigFile(join(home, "trusted.json"));
  return Array.isArray(folders) && folders.includes(realpathSync(folder));
}

/**
 * Refuses (`invalid`) what a folder that is not trusted may not set. A cloned repository must not make `state
 * get` read another store, or load code, unnoticed; going on without its settings would silently use another
 * store than the run does.
 */
export function checkTrust(file: string, layer: Layer, home: string | undefined): void {
  const wants = Object.keys(layer).find((name) => name.startsWith("state.") || name.startsWith("plugins."));
  const folder = dirname(file);
  if (wants === undefined || isTrusted(folder, home)) return;
  throw new RunnerError(
    "invalid",
    `Cannot use "${file}": it sets ${wants}, and its folder is not trusted. ` +
      `Trust it first: runner trust "${folder}"`,
  );
}
