import { isUtf8 } from "node:buffer";
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { RunnerError, systemReason } from "../../lib/errors.ts";
import { parseMode, replaceFile } from "../files.ts";
import type { LuaRecord } from "../module.ts";
import type { Path } from "../paths.ts";
import { unifiedDiff } from "./diff.ts";
import { resolveOwner } from "./owner.ts";

/** How a path is to be, besides its content. */
export interface Attributes {
  /** Octal text. */
  readonly mode?: string | undefined;
  /** `user`, `user:group` or their numbers. */
  readonly owner?: string | undefined;
}

/** A path that is to be made as described. */
export interface Target extends Attributes {
  /** Absolute. */
  readonly path: string;
  /** As the script wrote it, for messages and diffs. */
  readonly name: string;
  /** The function that was called, for messages. */
  readonly callee: string;
  /** Whether only to say what would change. */
  readonly dryRun: boolean;
}

/** Makes a file have this content, mode and owner; says what changed. */
export function ensureFile(target: Target, content: string | Uint8Array): LuaRecord {
  const before = readIfThere(target);
  const after = Buffer.from(content);
  const differs = before === undefined || !after.equals(before);
  const mode = target.mode === undefined ? undefined : parseMode(target.mode, target.callee);
  const { changes: attributes, apply } = planAttributes(target, mode);
  if (!target.dryRun) {
    if (differs) replaceFile(target.path, after, { mode, own: (path) => setOwner(target, path) });
    else apply();
  }
  const diff = differs ? describeDiff(target.name, before ?? Buffer.alloc(0), after) : "";
  return report(target, differs || attributes.length > 0, [diff, ...attributes]);
}

/** Makes a folder, and those above it, with this mode and owner; says what changed. */
export function ensureDirectory(target: Target): LuaRecord {
  const stat = statSync(target.path, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isDirectory()) {
    throw new RunnerError(
      "task_failed",
      `Cannot make the folder ${JSON.stringify(target.name)}: a file is there. Remove it first, such as by file.remove.`,
    );
  }
  const mode = target.mode === undefined ? undefined : parseMode(target.mode, target.callee);
  if (stat === undefined && !target.dryRun) mkdirSync(target.path, { recursive: true });
  const { changes: attributes, apply } = planAttributes(target, mode);
  if (!target.dryRun) apply();
  const made = stat === undefined ? [`folder ${target.name}: made`] : [];
  return report(target, made.length + attributes.length > 0, [...made, ...attributes]);
}

/** Removes a file or folder; says whether there was one. */
export function ensureAbsent(target: Target): LuaRecord {
  const there = lstatSync(target.path, { throwIfNoEntry: false }) !== undefined;
  if (there && !target.dryRun) rmSync(target.path, { recursive: true });
  return report(target, there, there ? [`${target.name}: removed`] : []);
}

/** The content of a file; undefined when there is none. Raises for a folder, and for a device or a pipe. */
export function readIfThere(target: Target): Buffer | undefined {
  const stat = statSync(target.path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isFile() && !stat.isDirectory()) {
    throw new RunnerError(
      "task_failed",
      `Cannot make ${JSON.stringify(target.name)} a file: a device or a pipe is there. Name another path, or use fs.write.`,
    );
  }
  return readFileSync(target.path);
}

/** What would change of the mode and the owner of what is there, and how to change it. */
function planAttributes(target: Target, mode: number | undefined) {
  const changes: string[] = [];
  const stat = statSync(target.path, { throwIfNoEntry: false });
  const octal = (bits: number) => (bits & 0o7777).toString(8).padStart(4, "0");
  if (stat !== undefined && mode !== undefined && (stat.mode & 0o7777) !== mode) {
    changes.push(`mode ${octal(stat.mode)} → ${octal(mode)}`);
  }
  if (target.owner !== undefined) {
    const { uid, gid = stat?.gid } = resolveOwner(target.owner, target.callee);
    if (stat !== undefined && (stat.uid !== uid || stat.gid !== gid)) {
      changes.push(`owner ${stat.uid}:${stat.gid} → ${target.owner}`);
    }
  }
  const apply = () => {
    setOwner(target, target.path);
    // A change of owner takes bits away.
    if (mode !== undefined && (statSync(target.path).mode & 0o7777) !== mode) chmodSync(target.path, mode);
  };
  return { changes, apply };
}

/** Gives `path`, where the target is or will be, to the target's owner. */
function setOwner({ owner, callee, name }: Target, path: Path): void {
  if (owner === undefined) return;
  const stat = statSync(path);
  const { uid, gid = stat.gid } = resolveOwner(owner, callee);
  if (stat.uid === uid && stat.gid === gid) return;
  try {
    chownSync(path, uid, gid);
  } catch (error) {
    const problem = `Cannot give ${JSON.stringify(name)} to the owner ${JSON.stringify(owner)}: ${systemReason(error)}`;
    throw new RunnerError("task_failed", problem, { cause: error });
  }
}

function describeDiff(name: string, before: Buffer, after: Buffer): string {
  if (!isUtf8(before) || !isUtf8(after)) return `${name}: ${before.length} → ${after.length} bytes`;
  return unifiedDiff(name, before.toString("utf8"), after.toString("utf8"));
}

function report(target: Target, changed: boolean, changes: readonly string[]): LuaRecord {
  return { changed, path: target.path, diff: changes.filter((text) => text !== "").join("\n") };
}
