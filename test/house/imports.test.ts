import { describe, expect, test } from "bun:test";
import { posix } from "node:path";
import { readSources, type Source } from "./sources.ts";

/** What each folder of src/ may import besides itself; CONTRIBUTING.md has the order. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  backends: ["lib"],
  state: ["backends", "lib"],
  contract: ["state", "backends", "lib"],
  modules: ["state", "backends", "lib"],
  lua: ["modules", "state", "backends", "lib"],
  config: ["lib"],
  plugins: ["config", "lua", "modules", "state", "backends", "lib"],
  tasks: ["plugins", "config", "lua", "modules", "state", "backends", "lib"],
  cli: ["tasks", "plugins", "contract", "config", "lua", "modules", "state", "backends", "lib"],
  "main.ts": ["cli", "lib"],
};

/** Where each outside library enters. */
const ENTERS_THROUGH: Readonly<Record<string, readonly string[]>> = {
  "bun:sqlite": ["src/backends/sqlite/"],
  "bun:ffi": ["src/lib/libc.ts"],
  wasmoon: ["src/lua/"],
  zod: ["src/config/", "src/plugins/", "src/modules/schema/"],
  liquidjs: ["src/modules/template/"],
  yaml: ["src/modules/data/", "src/config/syntax.ts"],
  "smol-toml": ["src/modules/data/", "src/config/syntax.ts"],
  "fast-check": ["src/contract/"],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
}

const sources = await readSources("**/*.ts", "src", "plugins");
const imports = sources.flatMap(importsOf);

describe("the direction of imports", () => {
  test("a folder of src imports only folders below it", () => {
    const uphill = imports.filter(({ from, specifier }) => {
      if (!from.startsWith("src/") || !specifier.startsWith(".")) return false;
      const target = posix.join(posix.dirname(from), specifier);
      const [mine, theirs] = [layerOf(from), layerOf(target)];
      return target.startsWith("src/") && mine !== theirs && !MAY_IMPORT[mine]?.includes(theirs);
    });
    expect(uphill).toEqual([]);
  });

  test("every folder of src has its place in the order", () => {
    const unknown = sources
      .filter(({ path }) => path.startsWith("src/") && !path.endsWith(".d.ts"))
      .filter(({ path }) => !(layerOf(path) in MAY_IMPORT));
    expect(unknown.map(({ path }) => path)).toEqual([]);
  });

  test("an outside library enters src in one place", () => {
    const strays = imports.filter(({ from, specifier }) => {
      if (!from.startsWith("src/") || /^(\.|node:|bun$)/.test(specifier)) return false;
      const library = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      return !ENTERS_THROUGH[library]?.some((place) => from.startsWith(place));
    });
    expect(strays).toEqual([]);
  });

  test("a first-party plugin imports nothing of ours but the public API", () => {
    const strays = imports.filter(({ from, specifier }) => {
      if (!from.startsWith("plugins/") || /^(runner$|node:|bun$|bun:)/.test(specifier)) return false;
      return !specifier.startsWith(".") || !posix.join(posix.dirname(from), specifier).startsWith("plugins/");
    });
    expect(strays).toEqual([]);
  });

  test("a relative import says the file's ending", () => {
    expect(
      imports.filter(({ specifier }) => /^\.\.?\//.test(specifier) && !/\.\w+$/.test(specifier)),
    ).toEqual([]);
  });
});

/** "backends" for src/backends/sqlite/open.ts, "main.ts" for src/main.ts. */
function layerOf(path: string): string {
  return path.split("/")[1] ?? path;
}

/** Static, dynamic and re-exporting imports of a file, those of types only too. */
function importsOf({ path, text }: Source): Import[] {
  const patterns = [
    /^(?:import|export)\b[^;"]*?\bfrom\s+"([^"]+)"/gm,
    /^import\s+"([^"]+)"/gm,
    /\b(?:import|require)\(\s*"([^"]+)"/g,
  ];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({ from: path, specifier: match[1] ?? "" })),
  );
}
