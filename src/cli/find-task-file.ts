import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { TASK_FILE } from "../config/project.ts";
import { RunnerError } from "../lib/errors.ts";
import { checkFoundFile } from "../lib/ownership.ts";
import { didYouMean } from "../lib/suggest.ts";

/**
 * Which of a command's words is the task file: the one that ends in `.lua` or `.sloth` or has a `/`. Without one it is
 * the `runner.lua` of `folder` or the nearest parent. All other words are tasks.
 * Raises `not_found` when there is none, `usage` when there are several, `invalid` when it is somebody else's.
 */
export function findTaskFile(words: readonly string[], folder: string): { file: string; tasks: string[] } {
  const [file, second] = words.filter(isFile);
  if (file !== undefined && second !== undefined) {
    throw new RunnerError("usage", `Cannot take "${file}" and "${second}" together: name one task file.`);
  }
  const tasks = words.filter((word) => !isFile(word));
  return { file: file === undefined ? searchUpwards(resolve(folder)) : locate(file), tasks };
}

function locate(word: string): string {
  const file = resolve(word);
  if (existsSync(file)) return file;
  const hint = didYouMean(basename(file), neighboursOf(file));
  throw new RunnerError("not_found", `Cannot read "${word}": there is no such file.${hint}`);
}

/** The task files in the folder where one was looked for. */
function neighboursOf(file: string): string[] {
  try {
    return readdirSync(dirname(file)).filter(isFile);
  } catch {
    return [];
  }
}

function searchUpwards(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, TASK_FILE);
    if (existsSync(file)) {
      checkFoundFile(file, start, `Name it if you mean it: runner run ${file}`);
      return file;
    }
    if (dirname(folder) === folder) break;
  }
  throw new RunnerError(
    "not_found",
    `Cannot find ${TASK_FILE} in this folder or a parent. Name another file, such as deploy.lua.`,
  );
}

function isFile(word: string): boolean {
  return /\.(lua|sloth)$/.test(word) || word.includes("/");
}
