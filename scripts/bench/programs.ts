import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { DIST } from "../project.ts";
import type { Lab } from "./harness.ts";

const FLOORS = join(import.meta.dir, "floors");

export type Durability = "full" | "normal";

/** A fresh home for runner below the lab's folder. */
export function createHome(lab: Lab): string {
  return mkdtempSync(join(lab.folder, "home-"));
}

/** The whole environment of a measured process. A setting costs a start something, so there is none unless asked for. */
export function environment(home: string, durability?: Durability): Record<string, string> {
  return {
    HOME: home,
    RUNNER_HOME: home,
    PATH: process.env.PATH ?? "",
    ...(durability === undefined ? {} : { RUNNER_STATE_DURABILITY: durability }),
  };
}

/** Writes a Lua file into the lab's folder; returns its path. */
export function writeLua(lab: Lab, name: string, source: string): string {
  const file = join(lab.folder, `${name}.lua`);
  writeFileSync(file, source);
  return file;
}

/** Compiles one of the floors with the flags of runner itself; returns the executable's path. */
export async function compileFloor(name: string): Promise<string> {
  const outfile = join(DIST, "bench", name);
  mkdirSync(join(DIST, "bench"), { recursive: true });
  await compile({ entry: join(FLOORS, `${name}.ts`), outfile, define: {} });
  return outfile;
}

/** The command that runs a floor from its source, for work whose start is not measured. */
export function floorCommand(name: string, ...args: string[]): string[] {
  return [process.execPath, join(FLOORS, `${name}.ts`), ...args];
}

/**
 * Milliseconds from the start of a process to its end. It works in its home: what lies in the repository, such as
 * plugins, is not to be looked at. Raises when it fails.
 */
export function timeProcess(argv: string[], env: Record<string, string>): number {
  const begin = Bun.nanoseconds();
  const { exitCode, stderr } = Bun.spawnSync(argv, {
    env,
    ...(env.HOME !== undefined && { cwd: env.HOME }),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const elapsed = (Bun.nanoseconds() - begin) / 1e6;
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr.toString()}`);
  return elapsed;
}

/** The numbers that a process prints, one a line. Raises when it fails or prints something else. */
export async function readNumbers(argv: string[], env: Record<string, string>): Promise<number[]> {
  const child = Bun.spawn(argv, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [text, said, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const numbers = text.trim().split("\n").map(Number);
  if (exitCode !== 0 || numbers.some(Number.isNaN)) {
    throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${said}${text}`);
  }
  return numbers;
}
