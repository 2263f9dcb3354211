import { join, resolve } from "node:path";

/** Absolute path of the repository. */
export const ROOT = resolve(import.meta.dir, "..");
export const DIST = join(ROOT, "dist");

const manifest: unknown = await Bun.file(join(ROOT, "package.json")).json();

/** The version in package.json. */
export const VERSION = readVersion(manifest);

function readVersion(json: unknown): string {
  if (typeof json === "object" && json !== null && "version" in json && typeof json.version === "string") {
    return json.version;
  }
  throw new Error('Cannot read "package.json": it has no version.');
}

/**
 * The commit that the tree is at, with a "+" when a file has changed since. Undefined where there is none: in an
 * unpacked archive, in one that lies inside another repository, without git, before the first commit.
 */
export function currentCommit(): string | undefined {
  if (resolve(git("rev-parse", "--show-toplevel") ?? "/") !== ROOT) return undefined;
  const commit = git("rev-parse", "--short=12", "--verify", "HEAD");
  if (commit === undefined) return undefined;
  return git("status", "--porcelain") === "" ? commit : `${commit}+`;
}

function git(...args: string[]): string | undefined {
  if (Bun.which("git") === null) return undefined;
  const { success, stdout } = Bun.spawnSync(["git", ...args], { cwd: ROOT, stderr: "ignore" });
  return success ? stdout.toString().trim() : undefined;
}
