import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";

export const TASK_FILE = "runner.lua";

/**
 * Which of a command's words is the task file: the first, if it ends in `.lua` or `.sloth` or has a `/`. Without one
 * it is the `runner.lua` of `folder` or the nearest parent. All other words are tasks.
 * Raises `not_found` when there is none.
 */
export function findTaskFile(words: readonly string[], folder: string): { file: string; tasks: string[] } {
  const [first, ...rest] = words;
  if (first !== undefined && isFile(first)) return { file: resolve(first), tasks: rest };
  for (let current = resolve(folder); ; current = dirname(current)) {
    const file = join(current, TASK_FILE);
    if (existsSync(file)) return { file, tasks: [...words] };
    if (dirname(current) === current) break;
  }
  throw new RunnerError(
    "not_found",
    `Cannot find ${TASK_FILE} in this folder or a parent. Name a file: runner run FILE.lua`,
  );
}

function isFile(word: string): boolean {
  return /\.(lua|sloth)$/.test(word) || word.includes("/");
}
