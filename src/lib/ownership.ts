import { RunnerError } from "./errors.ts";
import { node } from "./node.ts";
import { dirname } from "./path.ts";

const ROOT_USER = 0;

/**
 * Raises `invalid` for a file that was found in a folder above `folder` and belongs to somebody else: not to this
 * user, not to root, not to the owner of `folder`. Else whoever may write to a shared folder such as /tmp could have
 * their file obeyed by all who work below it.
 */
export function checkFoundFile(path: string, folder: string, advice: string): void {
  const user = process.getuid?.();
  if (user === undefined || dirname(path) === folder) return;
  const owner = node.fs.statSync(path).uid;
  if (owner === user || owner === ROOT_USER || owner === node.fs.statSync(folder).uid) return;
  throw new RunnerError(
    "invalid",
    `Cannot use "${path}": it was found above this folder and belongs to another user. ${advice}`,
  );
}

/** Bits of a mode that let the group and all others do anything. */
const OTHERS_DO = 0o077;
/** Bits of a mode that let the group and all others write. */
const OTHERS_WRITE = 0o022;

/**
 * Why a file or folder is not for this user and root alone to change, with what to do; undefined when it is. Code in it
 * would run with this user's rights. Links are followed. `called` stands for the path in the text. Raises the system's
 * error when there is nothing. Windows has no such modes.
 */
export function whyUnsafe(path: string, called = `"${path}"`): string | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const status = node.fs.statSync(path);
  const { mode, uid } = status;
  // Where a folder is open to others, what is in it mostly is as well: a umask of 002 does that.
  const all = status.isDirectory() ? "-R " : "";
  if (uid !== user && uid !== ROOT_USER) {
    return `${called} belongs to another user (uid ${uid}). Make it your own: chown ${all}${user} "${path}"`;
  }
  if ((mode & OTHERS_WRITE) === 0) return undefined;
  const octal = (mode & 0o7777).toString(8).padStart(4, "0");
  return `others may write to ${called} (mode ${octal}). Forbid it: chmod ${all}go-w "${path}"`;
}

/** Raises `invalid` for what somebody besides this user and root may change. `verb` continues "Cannot": `trust`. */
export function checkOwnership(path: string, verb: string): void {
  const why = whyUnsafe(path, "it");
  if (why !== undefined) throw new RunnerError("invalid", `Cannot ${verb} "${path}": ${why}`);
}

/** Why others may look into a file or folder that is for this user alone, with what to do; undefined when they may not. */
export function whyReadable(path: string): string | undefined {
  if (process.getuid?.() === undefined) return undefined;
  const status = node.fs.statSync(path);
  if ((status.mode & OTHERS_DO) === 0) return undefined;
  const octal = (status.mode & 0o7777).toString(8).padStart(4, "0");
  return `Others may look into "${path}" (mode ${octal}). Forbid it: chmod ${status.isDirectory() ? 700 : 600} "${path}"`;
}
