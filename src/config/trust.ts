import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RunnerError, systemReason } from "../lib/errors.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Layer } from "./layer.ts";
import { PLUGINS_FOLDER } from "./project.ts";
import { readRecord, type TrustRecord } from "./trust-store.ts";

/** What speaks against using a folder's settings and plugins. */
export type Distrust =
  | { readonly kind: "unknown" }
  | { readonly kind: "changed" | "added"; readonly file: string };

/** A folder by the path that trust goes by: absolute, without links. Raises `not_found`, or `invalid` for a file. */
export function trustFolder(folder: string): string {
  try {
    return realpathSync(resolve(folder));
  } catch (error) {
    throw new RunnerError("not_found", `Cannot find the folder "${folder}": ${systemReason(error)}.`, {
      cause: error,
    });
  }
}

/** Whether a setting chooses stores or plugins. */
export function needsTrust(name: string): boolean {
  return name.startsWith("state.") || name.startsWith("plugins.");
}

/** What of a folder has to be trusted: its config file, its plugins, and those that its config names. */
export function trustedPaths(folder: string, file: string | undefined, layer: Layer): string[] {
  const paths = [join(folder, PLUGINS_FOLDER), ...(layer["plugins.paths"] ?? [])];
  return file === undefined ? paths : [file, ...paths];
}

/**
 * Pure: the first of a folder's files that is not as it was when the user trusted the folder; undefined when all are.
 * A file that is gone is nothing to be afraid of.
 */
export function findDistrust(
  record: TrustRecord | undefined,
  files: Readonly<Record<string, string>>,
): Distrust | undefined {
  if (record === undefined) return { kind: "unknown" };
  for (const [file, hash] of Object.entries(files)) {
    const known = Object.hasOwn(record.files, file) ? record.files[file] : undefined;
    if (known !== hash) return { kind: known === undefined ? "added" : "changed", file };
  }
  return undefined;
}

/**
 * Refuses (`invalid`) what a folder that is not trusted may not set. A cloned repository must not make `state
 * get` read another store, or load code, unnoticed; going on without its settings would silently use another
 * store than the run does.
 */
export function checkTrust(file: string, layer: Layer, home: string | undefined): void {
  const wants = Object.keys(layer).find(needsTrust);
  if (wants !== undefined) check(dirname(file), [file], home, `it sets ${wants}`);
}

/**
 * Refuses (`invalid`) plugins of a project whose folder is not trusted, or that are not as they were then. `path`
 * is a file or a folder of them; `folder` the project's: that of its config file or of its `plugins`.
 */
export function checkTrustedPlugins(folder: string, path: string, home: string | undefined): void {
  check(folder, [path], home, "it is a project's plugin");
}

function check(folder: string, paths: readonly string[], home: string | undefined, what: string): void {
  const distrust = distrustOf(folder, paths, home);
  if (distrust === undefined) return;
  const again = `runner trust "${folder}"`;
  throw new RunnerError(
    "invalid",
    distrust.kind === "unknown"
      ? `Cannot use "${paths[0]}": ${what}, and its folder is not trusted. Look at it, then trust it: ${again}`
      : `Cannot use "${resolve(folder, distrust.file)}": it ${PAST[distrust.kind]} since its folder was trusted. ` +
          `Look at it, then trust it again: ${again}`,
  );
}

/** What became of a file since its folder was trusted. */
export const PAST = { changed: "has changed", added: "was added" } as const;

/** What speaks against the files at and below `paths`, which belong to a folder; undefined when it is trusted. */
function distrustOf(
  folder: string,
  paths: readonly string[],
  home: string | undefined,
): Distrust | undefined {
  const real = trustFolder(folder);
  const record = home === undefined ? undefined : readRecord(home, real);
  if (record === undefined) return { kind: "unknown" };
  return findDistrust(record, fingerprint(real, paths, "use"));
}
