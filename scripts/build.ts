/**
 * `npm run build`: dist/runner for this machine. `npm run build -- --all`: one for every target that the registry
 * has, with checksums.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { compile } from "./compile.ts";
import { currentCommit, DIST, ROOT, VERSION } from "./project.ts";
import { executable, fetchBun, hostTarget, listTargets } from "./targets.ts";

const ENTRY = join(ROOT, "src/main.ts");

/** The threads: nothing imports them, so that the bundler would not find them. */
const WORKERS = [
  ...new Bun.Glob("{src,plugins}/**/*-worker.ts").scanSync({ cwd: ROOT, absolute: true }),
].sort();

/** Where `buildHost` puts the binary. */
export const HOST_BINARY = join(DIST, process.platform === "win32" ? "runner.exe" : "runner");

/** Compiles the binary of this machine. It takes half a second, so nobody needs to know whether it is stale. */
export async function buildHost(): Promise<void> {
  await compile({ entry: ENTRY, workers: WORKERS, outfile: HOST_BINARY, define: constants(hostTarget()) });
}

/** Compiles the binary that scripts/torture works on: the same, but it can be told to die at named moments. */
export async function buildWithFailpoints(outfile: string): Promise<void> {
  const entry = join(ROOT, "scripts/torture/faulty.ts");
  const define = { ...constants(hostTarget()), RUNNER_FAILPOINTS: "true" };
  await compile({ entry, workers: WORKERS, outfile, define });
}

function constants(target: string): Record<string, string> {
  const commit = currentCommit();
  return {
    RUNNER_FAILPOINTS: "false",
    RUNNER_VERSION: JSON.stringify(VERSION),
    RUNNER_TARGET: JSON.stringify(target),
    ...(commit === undefined ? {} : { RUNNER_COMMIT: JSON.stringify(commit) }),
  };
}

/** Compiles for every target; returns false when one that could be built was not. */
async function buildAll(): Promise<boolean> {
  mkdirSync(DIST, { recursive: true });
  const sums: string[] = [];
  let complete = true;
  for (const target of await listTargets()) {
    if (target.compileTarget === undefined) {
      console.log(`–  ${target.name}: skipped, not a system that runner supports`);
      continue;
    }
    const name = executable(`runner-${target.name}`, target);
    try {
      const cross = { target: target.compileTarget, bun: await fetchBun(target) };
      const outfile = join(DIST, name);
      await compile({ entry: ENTRY, workers: WORKERS, outfile, define: constants(target.name), cross });
      sums.push(`${await sha256(join(DIST, name))}  ${name}\n`);
      console.log(`✓  ${name}  ${megabytes(join(DIST, name))}`);
    } catch (error) {
      complete = false;
      console.log(`✗  ${target.name}: failed, ${error instanceof Error ? error.message : error}`);
    }
  }
  const unfinished = join(DIST, "SHA256SUMS.tmp");
  writeFileSync(unfinished, sums.join(""));
  renameSync(unfinished, join(DIST, "SHA256SUMS"));
  return complete;
}

async function sha256(file: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(file).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}

function megabytes(file: string): string {
  return `${(Bun.file(file).size / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) {
  if (process.argv.includes("--all")) {
    process.exitCode = (await buildAll()) ? 0 : 1;
  } else {
    await buildHost();
    console.log(`✓  ${relative(ROOT, HOST_BINARY)}  ${megabytes(HOST_BINARY)}`);
  }
}
