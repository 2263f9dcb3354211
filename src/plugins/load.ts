import { readFileSync, realpathSync } from "node:fs";
import { dirname, extname, isAbsolute, relative, resolve } from "node:path";
import { messageOf, RunnerError, systemReason } from "../lib/errors.ts";
import { whyUnsafe } from "../lib/ownership.ts";
import { didYouMean } from "../lib/suggest.ts";
import { guardProcess } from "./guard.ts";
import type { Candidate } from "./places.ts";
import { refuse, sentence } from "./problem.ts";
import { within } from "./within.ts";

/** How long a plugin's file may take to load, in ms. */
const LOADING_MS = 3000;

const LOADERS = {
  ".ts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".json": "json",
} as const;

/** What `import` finds besides files of the plugin's own and what Bun brings. */
const PROVIDED = ["runner", "zod"];

/** Folders whose files are read by `readPart`. */
const roots = new Set<string>();
let provided = false;

/**
 * What a plugin's file exports as `default`. Its imports are files of its own folder, `runner`, `zod`, `node:…` and
 * `bun:…`; packages of any `node_modules` are not looked for. Raises `invalid` with the reason alone.
 */
export async function importPlugin({ name, file, roots: folders }: Candidate): Promise<unknown> {
  if (!provided) provide();
  for (const folder of folders) watchOver(folder);
  try {
    const path = realpathSync(file);
    const module = await within(LOADING_MS, {
      plugin: name,
      file,
      overdue: "its file has not ended loading",
      act: () => import(path),
    });
    if (typeof module === "object" && module !== null && "default" in module) return module.default;
  } catch (error) {
    // Parts are named, the file itself is what the message is about.
    const reason = explain(error).replace(`"${realpathSync(file)}"`, "it");
    throw new RunnerError("invalid", reason, { cause: error });
  }
  throw refuse("it exports no default. Write: export default definePlugin({ … }).");
}

/** Makes `runner` and `zod` known to all that is imported from now on. */
function provide(): void {
  provided = true;
  guardProcess();
  const api: typeof import("./api.ts") = require("./api.ts");
  const zod: typeof import("zod") = require("zod");
  Bun.plugin({
    name: "runner",
    setup(build) {
      build.module("runner", () => ({ exports: { ...api }, loader: "object" }));
      build.module("zod", () => ({ exports: { ...zod }, loader: "object" }));
    },
  });
}

/** Reads the files of a folder ourselves from now on: each is checked, whoever imports it. */
function watchOver(folder: string): void {
  if (roots.has(folder)) return;
  roots.add(folder);
  const below = `${folder}/`
    .replace(/[/\\]+/g, "/")
    .replace(/[.*+?^${}()|[\]]/g, "\\$&")
    .replaceAll("/", "[\\\\/]");
  Bun.plugin({
    name: `plugins of ${folder}`,
    setup(build) {
      build.onLoad({ filter: new RegExp(`^${below}.*\\.([cm]?js|m?ts|tsx|jsx|json)$`) }, ({ path }) =>
        readPart(path),
      );
    },
  });
}

function readPart(path: string): { contents: string; loader: (typeof LOADERS)[keyof typeof LOADERS] } {
  const unsafe = whyUnsafe(path) ?? whyUnsafe(dirname(path));
  if (unsafe !== undefined) throw new Refused(unsafe);
  const loader = LOADERS[extname(path) as keyof typeof LOADERS] ?? "ts";
  const contents = decode(path);
  if (loader === "json") checkJson(path, contents);
  else {
    for (const specifier of importsOf(path, contents, loader)) {
      const problem = whyNotImported(specifier, path);
      if (problem !== undefined) throw new Refused(`"${path}" ${problem}`);
    }
  }
  return { contents, loader };
}

function checkJson(path: string, contents: string): void {
  try {
    JSON.parse(contents);
  } catch (error) {
    throw new Refused(sentence(`"${path}" is no JSON: ${messageOf(error)}`));
  }
}

function decode(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof TypeError) throw new Refused(`"${path}" is not UTF-8. Save it as that.`);
    throw new Refused(`"${path}" cannot be read: ${systemReason(error)}.`);
  }
}

function importsOf(path: string, contents: string, loader: "ts" | "tsx" | "js" | "jsx"): string[] {
  try {
    return new Bun.Transpiler({ loader }).scanImports(contents).map(({ path: specifier }) => specifier);
  } catch (error) {
    throw new Refused(`"${path}" does not parse: ${parseProblem(error)}.`);
  }
}

/** Why something cannot be imported; undefined when it can. */
function whyNotImported(specifier: string, from: string): string | undefined {
  if (PROVIDED.includes(specifier) || /^(node|bun):/.test(specifier) || specifier === "bun") return undefined;
  if (isAbsolute(specifier) || /^\.{1,2}(\/|$)/.test(specifier)) {
    const target = resolve(dirname(from), specifier);
    const inside = [...roots].some((root) => !/^\.\.([\\/]|$)/.test(relative(root, target)));
    return inside
      ? undefined
      : `imports "${specifier}", which is outside of its plugins folder. Copy it there.`;
  }
  if (NODE_MODULES.has(specifier.split("/")[0] ?? "")) return undefined;
  const hint =
    didYouMean(specifier, PROVIDED) ||
    " There are: runner, zod, node:…, bun:… and files of its own, such as ./part.ts.";
  return `imports "${specifier}", and plugins have no packages.${hint}`;
}

const NODE_MODULES: ReadonlySet<string> = new Set(process.getBuiltinModule("node:module").builtinModules);

/** A file of a plugin that is not loaded; the message is the reason. */
class Refused extends Error {}

function explain(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof RunnerError) return sentence(error.message);
  if (isBuildMessage(error)) return `it does not parse: ${parseProblem(error)}.`;
  if (error instanceof Error && error.name === "ResolveMessage") {
    return sentence(error.message.replace(/ imported from .*/s, ""));
  }
  return sentence(`it raised an error: ${messageOf(error)}`);
}

interface Positioned {
  readonly message: string;
  readonly position?: { readonly line: number } | null;
}

function isBuildMessage(error: unknown): error is Positioned {
  return typeof error === "object" && error !== null && "position" in error && "message" in error;
}

function parseProblem(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  if (!isBuildMessage(first)) return messageOf(first);
  return first.position ? `line ${first.position.line}: ${first.message}` : first.message;
}
