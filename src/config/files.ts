import { messageOf, RunnerError } from "../lib/errors.ts";
import { node } from "../lib/node.ts";
import { dirname, exists, join } from "../lib/path.ts";

const PROJECT_FILES = ["runner.yaml", "runner.yml", "runner.toml", "runner.json"];

/**
 * The project's config file: that of `folder` or of its nearest parent with one. Raises `invalid` where a
 * folder has several, since nobody could tell which counts.
 */
export function findProjectFile(folder: string): string | undefined {
  const present = PROJECT_FILES.filter((name) => exists(join(folder, name)));
  const [first, second] = present;
  if (first !== undefined && second !== undefined) {
    throw new RunnerError(
      "invalid",
      `Cannot load "${join(folder, first)}": there is a "${second}" beside it. Keep one of them.`,
    );
  }
  if (first !== undefined) return join(folder, first);
  const parent = dirname(folder);
  return parent === folder ? undefined : findProjectFile(parent);
}

/**
 * A config file's content by its ending, or undefined when there is no such file. Raises `invalid` when it
 * cannot be read or parsed. An empty file is an empty table.
 */
export function readConfigFile(path: string): unknown {
  // Where a file stands in place of its folder, whoever needs the folder reports that.
  if (!exists(path)) return undefined;
  let text: string;
  try {
    text = node.fs.readFileSync(path, "utf8");
  } catch (error) {
    throw new RunnerError("invalid", `Cannot read "${path}": ${messageOf(error)}.`, { cause: error });
  }
  try {
    return parse(text, node.path.extname(path)) ?? {};
  } catch (error) {
    throw new RunnerError("invalid", `Cannot load "${path}": ${messageOf(error)}.`, { cause: error });
  }
}

function parse(text: string, ending: string): unknown {
  if (ending === ".json") return text.trim() === "" ? {} : JSON.parse(text);
  return ending === ".toml" ? Bun.TOML.parse(text) : Bun.YAML.parse(text);
}
