import { messageOf, RunnerError, systemReason } from "../lib/errors.ts";
import { node } from "../lib/node.ts";
import { dirname, exists, findIn } from "../lib/path.ts";
import { CONFIG_FILES } from "./project.ts";

/** The project's config file: that of `folder` or of its nearest parent with one. Raises as `projectFileIn`. */
export function findProjectFile(folder: string): string | undefined {
  const file = projectFileIn(folder);
  if (file !== undefined) return file;
  const parent = dirname(folder);
  return parent === folder ? undefined : findProjectFile(parent);
}

/** The config file of a folder. Raises `invalid` where it has several, since nobody could tell which counts. */
export function projectFileIn(folder: string): string | undefined {
  const [first, second] = findIn(folder, CONFIG_FILES);
  if (first !== undefined && second !== undefined) {
    const other = node.path.basename(second);
    throw new RunnerError(
      "invalid",
      `Cannot load "${first}": there is a "${other}" beside it. Keep one of them.`,
    );
  }
  return first;
}

/**
 * A config file's content by its ending, or undefined when there is no such file. Raises `invalid` when it
 * cannot be read or parsed. An empty file is an empty table.
 */
export function readConfigFile(path: string): unknown {
  // Where a file stands in place of its folder, whoever needs the folder reports that.
  if (!exists(path)) return undefined;
  const bytes = readBytes(path);
  const { parseConfig }: typeof import("./parse.ts") = require("./parse.ts");
  try {
    return parseConfig(bytes, node.path.extname(path));
  } catch (error) {
    throw new RunnerError("invalid", `Cannot load "${path}": ${messageOf(error)}.`, { cause: error });
  }
}

function readBytes(path: string): Uint8Array {
  const refuse = (why: string, cause?: unknown) =>
    new RunnerError("invalid", `Cannot read "${path}": ${why}.`, { cause });
  try {
    // A pipe would make us wait for somebody to write into it.
    if (!node.fs.statSync(path).isFile()) throw refuse("it is not a file");
    return node.fs.readFileSync(path);
  } catch (error) {
    throw error instanceof RunnerError ? error : refuse(systemReason(error), error);
  }
}
