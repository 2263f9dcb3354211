import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Task } from "./task.ts";

/** What a task was made from and what it made, as of its last success. */
export interface Fingerprint {
  readonly definition: string;
  readonly sources: string;
  readonly generates: string;
}

/** The files below a folder that any of some patterns match, sorted; those of a plain path are looked up as they are. */
export function matchFiles(patterns: readonly string[], folder: string): string[] {
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (!/[*?[{]/.test(pattern)) {
      if (existsSync(join(folder, pattern))) found.add(pattern);
      continue;
    }
    if (!existsSync(folder)) continue;
    for (const path of new Bun.Glob(pattern).scanSync({ cwd: folder, dot: true, onlyFiles: true }))
      found.add(path);
  }
  return [...found].sort();
}

/** A digest of the names and contents of the files that match. */
function digestFiles(patterns: readonly string[], folder: string): string {
  const hash = createHash("sha256");
  for (const path of matchFiles(patterns, folder)) {
    // Names and contents are framed by their lengths, so that no two sets of files read alike.
    const content = contentOf(join(folder, path));
    hash.update(`\0${path.length}:${path}:${content.length}:`).update(content);
  }
  return hash.digest("hex");
}

/** The fingerprint of a task and its files as they are now. */
export function fingerprintOf({ options, command }: Task, folder: string): Fingerprint {
  const line = typeof command === "string" ? command : "";
  return {
    definition: createHash("sha256").update(line).digest("hex"),
    sources: digestFiles(options.sources ?? [], folder),
    generates: digestFiles(options.generates ?? [], folder),
  };
}

/** Why a task with `sources` or `generates` has to run; undefined when it has not. */
export function reasonToRun(task: Task, folder: string, last: Fingerprint | undefined): string | undefined {
  for (const pattern of task.options.generates ?? []) {
    if (matchFiles([pattern], folder).length === 0) return `${pattern} is missing`;
  }
  if (last === undefined) return "it has not succeeded before";
  const now = fingerprintOf(task, folder);
  if (now.definition !== last.definition) return "its definition has changed";
  if (now.sources !== last.sources) return "its sources have changed";
  return now.generates === last.generates ? undefined : "what it generates has changed";
}

function contentOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    // A folder, or a file that went away: its name alone counts.
    return new Uint8Array(0);
  }
}
