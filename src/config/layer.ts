import { dirname, join, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { didYouMean, nearest } from "../lib/suggest.ts";
import { cut, escapeControls } from "../lib/text.ts";
import type { SettingName, Settings } from "./config.ts";
import { type Environment, isSettingVariable } from "./environment.ts";
import { SCHEMA } from "./schema.ts";

/** What one source sets: values that passed their schema, by setting. */
export type Layer = Partial<Settings>;

const NAMES = Object.keys(SCHEMA) as SettingName[];
/** Characters of a wrong value that a message shows. */
const SHOWN = 60;

/**
 * What a config file's content sets. Relative paths in it start at its folder, `~/` at the user's. Raises
 * `invalid` for a key that no setting has and for a value of the wrong kind, naming file and path.
 */
export function layerOfFile(file: string, content: unknown, env: Environment): Layer {
  const prefix = `Cannot load "${file}": `;
  const layer: Record<string, unknown> = {};
  for (const [name, value] of leaves(content, "", prefix))
    layer[name] = check(name, value, `${prefix}${name}`);
  // Each value came out of the schema of its name, which is what Layer says.
  return withWholePaths(layer as Layer, dirname(file), env);
}

/**
 * What variables such as `RUNNER_STATE_DURABILITY` set; what is no plain text is written as in YAML. Relative
 * paths start at `folder`. Raises `invalid` as files do.
 */
export function layerOfEnvironment(env: Environment, folder: string): Layer {
  const layer: Record<string, unknown> = {};
  for (const [variable, text] of Object.entries(env)) {
    // Empty is unset, as for most variables; an empty path would mean this folder.
    if (text === undefined || text === "" || !isSettingVariable(variable)) continue;
    const name = NAMES.find((candidate) => variableOf(candidate) === variable);
    if (name === undefined) {
      const hint = didYouMean(variable, NAMES.map(variableOf));
      throw invalid(`Cannot use the variable "${variable}": there is no such setting.${hint}`);
    }
    const asText = SCHEMA[name].safeParse(text);
    const prefix = `Cannot use the variable "${variable}": ${name}`;
    layer[name] = asText.success ? asText.data : check(name, yamlOf(text), prefix);
  }
  // As for files: each value came out of its own schema.
  return withWholePaths(layer as Layer, folder, env);
}

/** The environment variable of a setting: `state.busy_timeout` is `RUNNER_STATE_BUSY_TIMEOUT`. */
export function variableOf(name: SettingName): string {
  return `RUNNER_${name.replaceAll(".", "_").toUpperCase()}`;
}

/** Walks down to the settings. An empty section is null in YAML and sets nothing. */
function* leaves(value: unknown, path: string, prefix: string): Generator<[SettingName, unknown]> {
  if (isSetting(path)) {
    yield [path, value];
    return;
  }
  if (path !== "" && !NAMES.some((name) => name.startsWith(`${path}.`))) throw unknownKey(path, prefix);
  if (value === null) return;
  if (typeof value !== "object" || Array.isArray(value)) {
    throw invalid(`${prefix}${path || "it"} is ${show(value)}. Expected a table of settings.`);
  }
  for (const [key, inner] of Object.entries(value))
    yield* leaves(inner, path === "" ? key : `${path}.${key}`, prefix);
}

function unknownKey(path: string, prefix: string): RunnerError {
  const key = path.slice(path.lastIndexOf(".") + 1);
  const sections = NAMES.map((name) => name.slice(0, name.lastIndexOf(".")));
  // A key in the wrong place is far from the right path as text, but has the same last word.
  const meant = nearest(path, [...NAMES, ...sections]) ?? NAMES.find((name) => name.endsWith(`.${key}`));
  const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
  return invalid(`${prefix}there is no setting ${show(path)}.${hint}`);
}

/** The value as its schema gives it; `subject` begins the message when it does not fit. */
function check(name: SettingName, value: unknown, subject: string): unknown {
  const result = SCHEMA[name].safeParse(value);
  if (result.success) return result.data;
  throw invalid(
    `${subject} is ${show(value)}. Expected ${result.error.issues[0]?.message ?? "something else"}.`,
  );
}

function withWholePaths(layer: Layer, folder: string, env: Environment): Layer {
  const whole = (path: string) => {
    const user = env.HOME ?? env.USERPROFILE;
    return path.startsWith("~/") && user ? join(user, path.slice(2)) : resolve(folder, path);
  };
  const { "state.path": path, "plugins.paths": paths } = layer;
  return {
    ...layer,
    ...(path === undefined ? {} : { "state.path": whole(path) }),
    ...(paths === undefined ? {} : { "plugins.paths": paths.map(whole) }),
  };
}

function yamlOf(text: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch {
    return text;
  }
}

/** A value in one line as far as a message has room for it, without effect on the terminal and passwords of URLs. */
function show(value: unknown): string {
  const text = JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner));
  const masked = (text ?? String(value)).replace(/(:\/\/[^\s"/:]*:)[^\s"/]*@/g, "$1•••@");
  return cut(escapeControls(masked), SHOWN);
}

function isSetting(path: string): path is SettingName {
  return Object.hasOwn(SCHEMA, path);
}

function invalid(message: string): RunnerError {
  return new RunnerError("invalid", message);
}
