import { node } from "./node.ts";

/** What Bun gives as the time of a file that does not exist: the largest that its numbers hold. */
const NEVER = 2 ** 52 - 1;

/** As of `node:path`, which is loaded only for paths that are not in normal form already. */
export function join(folder: string, name: string): string {
  if (!isNormal(folder) || !isNormal(`/${name}`)) return node.path.join(folder, name);
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}

/** As of `node:path`. */
export function resolve(path: string): string {
  if (isNormal(path)) return path;
  return path === "." ? process.cwd() : node.path.resolve(path);
}

/** As of `node:path`. */
export function dirname(path: string): string {
  return isNormal(path) ? path.slice(0, path.lastIndexOf("/")) || "/" : node.path.dirname(path);
}

/** Whether something is at a path; false also where this user may not look. */
export function exists(path: string): boolean {
  return Bun.file(path).lastModified !== NEVER && node.fs.existsSync(path);
}

/** Those of some plain names that a folder has, as paths; quicker than each on its own. */
export function findIn(folder: string, names: readonly string[]): string[] {
  const normal = isNormal(folder);
  const begin = folder === "/" ? folder : `${folder}/`;
  const found: string[] = [];
  for (const name of names) {
    const path = normal ? begin + name : join(folder, name);
    if (exists(path)) found.push(path);
  }
  return found;
}

/** Whether a path is absolute and has no part to resolve; those of Windows are left to `node:path`. */
function isNormal(path: string): boolean {
  if (process.platform === "win32" || !path.startsWith("/")) return false;
  if (path === "/") return true;
  return (
    !path.endsWith("/") && !path.includes("//") && !`${path}/`.includes("/./") && !`${path}/`.includes("/../")
  );
}
