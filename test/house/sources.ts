import { join, resolve } from "node:path";

/** Absolute path of the repository. */
export const ROOT = resolve(import.meta.dir, "../..");

/** One file of the repository. */
export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The files below some folders that match a glob, in the order of their paths. */
export async function readSources(glob: string, ...folders: string[]): Promise<Source[]> {
  const paths = folders.flatMap((folder) =>
    [...new Bun.Glob(glob).scanSync({ cwd: join(ROOT, folder) })].map((path) => `${folder}/${path}`),
  );
  return Promise.all(
    paths.sort().map(async (path) => ({
      path: path.replaceAll("\\", "/"),
      text: await Bun.file(join(ROOT, path)).text(),
    })),
  );
}
