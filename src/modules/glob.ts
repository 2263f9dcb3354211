import { dirname, normalize } from "node:path";
import { checkPath, folderAsText, type Path, resolvePath } from "./paths.ts";
import type { Permits } from "./permits.ts";

/** Where a pattern is looked for, and for whom. */
export interface GlobPlace {
  readonly folder: Path;
  readonly permits: Permits;
  /** What an error calls the one that asks. */
  readonly callee: string;
}

/**
 * The files that match a pattern, from the folder; those whose names are no UTF-8 with U+FFFD in them. Raises `denied`
 * when the pattern leads to a folder that is not allowed.
 */
export function globFiles(given: string, { folder, permits, callee }: GlobPlace): string[] {
  // As in any other path, what leads up takes away what stands before it.
  const pattern = /(^|\/)\.\.(\/|$)/.test(given) ? normalize(given) : given;
  using open = folderAsText(folder);
  const scan = (text: string, onlyFiles: boolean) => {
    const options = { cwd: open.path, dot: true, onlyFiles };
    return [...new Set(new Bun.Glob(text).scanSync(options))];
  };
  if (permits.allows("fs", "/")) return scan(pattern, true);
  const check = (path: string) => checkPath(permits, resolvePath(folder, path), callee);
  const parts = pattern.split("/");
  const first = parts.findIndex(isWild);
  if (first < 0) {
    check(pattern);
    return scan(pattern, true);
  }
  check([...parts.slice(0, first), ""].join("/"));
  // Wildcards find folders, and names that follow them links too.
  for (let i = first + 1; i < parts.length - 1; i++) {
    if (!isWild(parts[i] ?? "")) scan(parts.slice(0, i + 1).join("/"), false).forEach(check);
  }
  const found = scan(pattern, true);
  for (const path of new Set(found.map(dirname))) check(path);
  return found;
}

function isWild(part: string): boolean {
  return /[*?[\]{}!\\]/.test(part);
}
