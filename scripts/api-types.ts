/**
 * `bun scripts/api-types.ts`: writes the public API as one file of types for editors, which `runner plugin new` puts into
 * a plugin's folder. They are made from the sources by the compiler; a test says when they are out of date.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./project.ts";

/** Where the types are kept, as text: they are about the API, and no part of the program. */
export const API_TYPES = join(ROOT, "src/plugins/types/runner.txt");

/** The sources of what `runner` exports, in the order in which a reader wants to see them. */
const SOURCES = [
  "plugins/define",
  "plugins/contract",
  "plugins/context",
  "lib/command-args",
  "lib/errors",
  "lib/awaitable",
  "lib/value",
  "backends/backend",
  "backends/retention",
  "backends/order",
  "backends/wakers",
  "state/locks/serve-renewals",
];

/** The API as one file of types. */
export async function renderApiTypes(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "runner-types-"));
  try {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    const flags = ["--declaration", "--emitDeclarationOnly", "--noEmit", "false", "--outDir", folder];
    const only = join(folder, "tsconfig.json");
    const config = {
      extends: join(ROOT, "tsconfig.json"),
      include: [],
      files: [join(ROOT, "src/plugins/api.ts")],
    };
    const paths = { runner: [join(ROOT, "src/plugins/api.ts")] };
    const types = { typeRoots: [join(ROOT, "node_modules/@types")], rootDir: join(ROOT, "src"), paths };
    writeFileSync(only, JSON.stringify({ ...config, compilerOptions: types }));
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, compiler, "-p", only, ...flags], {
      env: { ...process.env, BUN_BE_BUN: "1" },
    });
    if (exitCode !== 0) throw new Error(`Cannot make the types: ${stdout.toString()}`);
    const read = (source: string) => readFileSync(join(folder, `${source}.d.ts`), "utf8");
    const exported = exportsOf(read("plugins/api"));
    const parts = SOURCES.map((source) => declarationsOf(read(source), exported));
    const zod = readFileSync(join(ROOT, "src/plugins/types/zod.txt"), "utf8");
    return `${HEAD}\ndeclare module "runner" {\n  import { z } from "zod";\n  export { z };\n\n${indent(parts.join("\n"))}}\n\n${zod}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEAD = `// What a plugin of runner can import, for editors. Made by "runner plugin new"; runner itself does not read it.
`;

/** The names that `runner` exports. */
function exportsOf(api: string): ReadonlySet<string> {
  const lists = [...api.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, names = ""]) => names);
  return new Set(lists.flatMap((names) => names.split(",").map((name) => name.trim())));
}

/** What a file declares, for the inside of a module, which exports what `runner` does and no more. */
function declarationsOf(text: string, exported: ReadonlySet<string>): string {
  return text
    .replace(/^import [^;]*;\n/gm, "")
    .replace(/^export (type )?\{[^}]*\}( from [^;]*)?;\n/gm, "")
    .replace(
      /^(?:export )?(?:declare )?((?:abstract )?\w+ (\w+))/gm,
      (all, declaration: string, name: string) =>
        /^(export|declare) /.test(all) ? `${exported.has(name) ? "export " : ""}${declaration}` : all,
    );
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

if (import.meta.main) {
  writeFileSync(API_TYPES, await renderApiTypes());
}
