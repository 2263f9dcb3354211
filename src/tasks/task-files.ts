import { resolve } from "node:path";
import { globFiles } from "../modules/glob.ts";
import type { Permits } from "../modules/permits.ts";
import type { Task } from "./task.ts";

/** Raises `denied` when a task names files that scripts may not use: it is told whether they are there, and as before. */
export function permitFiles(permits: Permits, { name, options }: Task, folder: string): void {
  if (permits.allows("fs", "/")) return;
  const callee = `the files of task "${name}"`;
  const { sources = [], generates = [], artifacts = [] } = options;
  for (const pattern of [...sources, ...generates, ...artifacts]) {
    for (const path of globFiles(pattern, { folder, permits, callee }))
      permits.check("fs", resolve(folder, path), callee);
  }
}
