import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import type { Permits } from "../modules/permits.ts";
import { matchFiles } from "./fingerprint.ts";
import type { Task } from "./task.ts";

/** Checks that a task has made every artifact that it names. Raises `task_failed` for one that is missing. */
export function checkArtifacts(task: Task, folder: string): void {
  for (const pattern of task.options.artifacts ?? []) {
    if (matchFiles([pattern], folder).length > 0) continue;
    throw new RunnerError("task_failed", `its artifact "${pattern}" is missing in ${folder}`);
  }
}

/** A task whose artifacts are there, and the folder that they are in. */
export interface Producer {
  readonly task: Task;
  readonly folder: string;
}

/**
 * Copies what a task consumes from where its producers made it, unless they work in the same folder. Raises
 * `task_failed` when a file that it consumes is not there, `denied` when scripts may not copy it.
 */
export function fetchArtifacts(
  task: Task,
  folder: string,
  producers: readonly Producer[],
  permits: Permits,
): void {
  for (const wanted of task.options.consumes ?? []) {
    let found = 0;
    for (const { task: producer, folder: from } of producers) {
      for (const path of matchFiles(producer.options.artifacts ?? [], from)) {
        if (path !== wanted && !new Bun.Glob(wanted).match(path)) continue;
        found++;
        if (from === folder) continue;
        const [source, target] = [join(from, path), join(folder, path)];
        for (const file of [source, target])
          permits.check("fs", file, `the artifacts of task "${task.name}"`);
        mkdirSync(dirname(target), { recursive: true });
        copyFileSync(source, target);
      }
    }
    if (found === 0) throw new RunnerError("task_failed", `"${wanted}", which it consumes, is not there`);
  }
}
