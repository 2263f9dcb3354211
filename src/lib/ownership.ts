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
