import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../project.ts";
import type { Reach } from "./harness.ts";

/** Another runner of tasks. */
export interface Peer {
  /** The name of its program. */
  readonly name: string;
  /** How to have it. */
  readonly install: string;
  /** How many times as fast runner has to be; absent: only reported, since the peer keeps no journal. */
  readonly reach?: Reach;
  /** What its environment needs beside ours. */
  readonly env?: (folder: string) => Record<string, string>;
  /** Writes a file of so many tasks that run `true` in the shell; the command that runs it, if it can run so many at once. */
  prepare(work: { program: string; folder: string; count: number; jobs: number }): string[] | undefined;
}

export const PEERS: readonly Peer[] = [
  {
    name: "make",
    install: "it comes with the system",
    prepare({ program, folder, count, jobs }) {
      const names = numbered(count, (i) => `t${i}`);
      // Without the colon make would start `true` itself.
      const rules = numbered(count, (i) => `t${i}:\n\t@:;true`);
      const file = write(folder, "Makefile", `all: ${names.join(" ")}\n${rules.join("\n")}\n`);
      return [program, "-s", "-f", file, `-j${jobs}`, "all"];
    },
  },
  {
    name: "just",
    install: "npm install --no-save rust-just",
    prepare({ program, folder, count, jobs }) {
      if (jobs > 1) return undefined;
      const names = numbered(count, (i) => `t${i}`);
      const recipes = names.map((name) => `${name}:\n    @true`);
      const file = write(folder, "justfile", `all: ${names.join(" ")}\n${recipes.join("\n")}\n`);
      return [program, "--justfile", file, "all"];
    },
  },
  {
    name: "mise",
    install: "npm install --no-save mise",
    reach: { atLeast: 2 },
    env: (folder) => ({ MISE_DATA_DIR: folder, MISE_CONFIG_DIR: folder, MISE_TRUSTED_CONFIG_PATHS: folder }),
    prepare({ program, folder, count, jobs }) {
      const names = numbered(count, (i) => `t${i}`);
      const tasks = names.map((name) => `[tasks.${name}]\nrun = "true"`);
      const all = `[tasks.all]\ndepends = ${JSON.stringify(names)}`;
      write(folder, "mise.toml", `${tasks.join("\n")}\n${all}\n`);
      return [program, "run", "--quiet", "--jobs", String(jobs), "all"];
    },
  },
];

/** Where a program is: in the project, else on PATH. */
export function findPeer(name: string): string | undefined {
  const installed = join(ROOT, "node_modules/.bin", name);
  return existsSync(installed) ? installed : (Bun.which(name) ?? undefined);
}

function numbered(count: number, text: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => text(i));
}

function write(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
