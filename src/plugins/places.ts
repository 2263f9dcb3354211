import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { PLUGINS_FOLDER } from "../config/project.ts";
import { messageOf } from "../lib/errors.ts";
import { whyUnsafe } from "../lib/ownership.ts";
import { hasCode } from "../lib/stdio.ts";
import type { Problem } from "./problem.ts";

/** Which list a plugin comes from, in the order in which they are searched: of equal names the first one wins. */
export type Origin = "built in" | "home" | "config" | "project" | "--plugins";

/** A folder of plugins. */
export interface Place {
  /** Absolute. */
  readonly folder: string;
  readonly origin: Origin;
}

/** A plugin that was found and not yet looked into. */
export interface Candidate {
  /** By its file or folder. */
  readonly name: string;
  /** Its entry; absolute. */
  readonly file: string;
  readonly kind: "script" | "lua";
  readonly origin: Origin;
  /** The folders that it and its parts may be in, without links. */
  readonly roots: readonly string[];
}

const SCRIPTS = [".ts", ".js"];
const ENDINGS = [...SCRIPTS, ".lua"];

/** Where plugins may be: home, the config's paths, beside the task file, `--plugins`. */
export function placesOf(folders: {
  readonly home: string | undefined;
  readonly paths: readonly string[];
  /** The folder of the task file; undefined where its plugins must not be loaded. */
  readonly project: string | undefined;
  readonly extra: readonly string[];
}): Place[] {
  const { home, paths, project, extra } = folders;
  return [
    ...(home === undefined ? [] : [{ folder: join(home, PLUGINS_FOLDER), origin: "home" } as const]),
    ...paths.map((folder) => ({ folder, origin: "config" }) as const),
    ...(project === undefined ? [] : [{ folder: join(project, PLUGINS_FOLDER), origin: "project" } as const]),
    ...extra.map((folder) => ({ folder, origin: "--plugins" }) as const),
  ];
}

/** The plugins in these folders, by place and then by name. Nothing of them is run or read. */
export function findPlugins(places: readonly Place[]): { found: Candidate[]; problems: Problem[] } {
  const found = new Map<string, Candidate>();
  const problems: Problem[] = [];
  for (const place of places) {
    for (const file of entriesOf(place, problems)) {
      const name = nameOf(file);
      try {
        const earlier = found.get(name);
        if (earlier !== undefined && realpathSync(earlier.file) === realpathSync(file)) continue;
        const reason =
          earlier === undefined
            ? (whyUnsafe(file, "it") ?? whyUnsafe(dirname(file)))
            : `"${earlier.file}" has the same name and comes first. Rename one of them.`;
        if (reason !== undefined) problems.push({ plugin: name, file, reason });
        else found.set(name, candidateFor(file, place));
      } catch (error) {
        problems.push({ plugin: name, file, reason: `${unreadable(error)}.` });
      }
    }
  }
  return { found: [...found.values()], problems };
}

/** A plugin by its file or folder; undefined when that is none. Raises the system's error when there is nothing. */
export function candidateOf(path: string): Candidate | undefined {
  const file = entryOf(path);
  return file === undefined ? undefined : candidateFor(file, { folder: dirname(path), origin: "--plugins" });
}

/** What a plugin is as a whole: its folder, when `file` is the index of one, else the file itself. */
export function wholeOf(file: string): string {
  return basename(file, extname(file)) === "index" ? dirname(file) : file;
}

function candidateFor(file: string, { folder, origin }: Place): Candidate {
  return {
    name: nameOf(file),
    file,
    kind: extname(file) === ".lua" ? "lua" : "script",
    origin,
    // One that is linked into the folder has its parts where it really is.
    roots: [realpathSync(folder), dirname(realpathSync(file))],
  };
}

/** The entries of a folder's plugins, in the order of their names. */
function entriesOf({ folder, origin }: Place, problems: Problem[]): string[] {
  const report = (reason: string) => problems.push({ plugin: basename(folder), file: folder, reason });
  let names: string[];
  try {
    names = readdirSync(folder).sort();
    const unsafe = whyUnsafe(folder, "it");
    if (unsafe !== undefined) {
      if (names.length > 0) report(unsafe);
      return [];
    }
  } catch (error) {
    const expected = origin === "home" || origin === "project";
    if (!(expected && (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR"))))
      report(`${unreadable(error)}.`);
    return [];
  }
  const entries: string[] = [];
  for (const name of names) {
    if (name.startsWith(".")) continue;
    try {
      const entry = entryOf(join(folder, name));
      if (entry !== undefined) entries.push(entry);
    } catch (error) {
      problems.push({ plugin: name, file: join(folder, name), reason: `${unreadable(error)}.` });
    }
  }
  return entries;
}

/** The file with which a plugin begins: a script itself, or the index of a folder. */
function entryOf(path: string): string | undefined {
  const ending = extname(path);
  if (ENDINGS.includes(ending)) {
    if (/\.(d|test)\.ts$|\.test\.(js|lua)$/.test(path) || !statSync(path).isFile()) return undefined;
    return path;
  }
  if (!statSync(path).isDirectory()) return undefined;
  return ENDINGS.map((end) => join(path, `index${end}`)).find((file) => isFile(file));
}

/** `slack` for slack.ts and for slack/index.ts. */
function nameOf(file: string): string {
  return basename(wholeOf(file), extname(file));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

function unreadable(error: unknown): string {
  if (hasCode(error, "ELOOP")) return "its links lead in a circle";
  if (hasCode(error, "ENOENT")) return "there is nothing there";
  if (hasCode(error, "EACCES")) return "this user may not read it";
  return `it cannot be read: ${messageOf(error)}`;
}
