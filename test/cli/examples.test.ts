import { expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const EXAMPLES = resolve(import.meta.dir, "../../examples");
const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** A sandbox whose working folder is a copy of the examples, as they are in the repository. */
function createExamples(): Sandbox {
  const sandbox = createSandbox();
  cpSync(EXAMPLES, sandbox.work, {
    recursive: true,
    filter: (path) => !/\/(deployed|out|published|words\.txt)(\/|$)/.test(path.slice(EXAMPLES.length)),
  });
  return sandbox;
}

/** The lines about how tasks ended, without their times. */
function ends(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => /^ {2}[✓✗–] /.test(line));
  return lines.map((line) =>
    line
      .replace(/ \d+\.\ds/, "")
      .replace(/ +/g, " ")
      .trim(),
  );
}

test.each(readdirSync(EXAMPLES).filter((name) => name.endsWith(".lua")))(
  "examples/%s has no mistakes, and can be drawn, listed and planned",
  async (name) => {
    using sandbox = createExamples();
    const checked = await sandbox.run(["check", name]);
    expect(checked.stdout).toMatch(/: \d+ tasks?, nothing wrong\n$/);
    for (const args of [
      ["list", name, "--status"],
      ["graph", name],
      ["run", name, "--dry-run"],
    ]) {
      expect((await sandbox.run(args)).exitCode).toBe(0);
    }
    expect(existsSync(join(sandbox.home, ".sloth-runner"))).toBe(false);
  },
);

test("examples/build.lua builds, and does not build again what is unchanged", async () => {
  using sandbox = createExamples();
  const first = await sandbox.run(["run", "build.lua"], PATH);
  expect(first.exitCode).toBe(0);
  expect(ends(first.stderr)).toEqual([
    "✓ compile",
    expect.stringMatching(/^✓ test \d+ bytes$/),
    expect.stringMatching(/^✓ pack \d+ bytes packed$/),
    "✓ report",
    "✓ all",
  ]);
  expect(first.stdout).toBe(readFileSync(join(sandbox.work, "out/pages.sha256"), "utf8"));
  const second = await sandbox.run(["run", "build.lua", "pack", "--jobs", "2"], PATH);
  expect(ends(second.stderr)[0]).toBe("– compile skipped: up to date");
  sandbox.write("site/index.html", "changed");
  const { stdout } = await sandbox.run(["run", "build.lua", "--explain", "-o", "json"], PATH);
  expect(JSON.parse(stdout)[0]).toMatchObject({ runs: true, reason: "its sources have changed" });
});

test("examples/release.lua rehearses, holds a mistake back, and publishes with the values of production", async () => {
  using sandbox = createExamples();
  const rehearsal = await sandbox.run(["run", "release.lua"], PATH);
  expect(rehearsal.exitCode).toBe(0);
  expect(rehearsal.stderr).toContain("skipped: no target: this is a rehearsal");
  expect(rehearsal.stderr).toContain("info  released version=1");
  const mistake = await sandbox.run(["run", "release.lua", "--set", "fail=true"], PATH);
  expect(mistake).toMatchObject({ stdout: "nothing was published\n", exitCode: 1 });
  expect(mistake.stderr).toContain("the release is held back reason=found a mistake in attempt 2");
  const published = await sandbox.run(["run", "release.lua", "--env", "production"], PATH);
  expect(published.exitCode).toBe(0);
  expect(readFileSync(join(sandbox.work, "published/VERSION"), "utf8")).toBe("v3\n");
});

test("examples/classic.lua runs the parts of another file, and once what is to be done once", async () => {
  using sandbox = createExamples();
  const first = await sandbox.run(["run", "classic.lua"], PATH);
  expect(first).toMatchObject({ stdout: "few enough\nshown the first time only\n", exitCode: 0 });
  const second = await sandbox.run(["run", "classic.lua"], PATH);
  expect(second).toMatchObject({ stdout: "few enough\n", exitCode: 0 });
  expect(ends(second.stderr)).toContain('– pipeline.greet skipped: done before (once "classic:greeted")');
  expect(existsSync(join(sandbox.work, "words.txt"))).toBe(false);
});

test("examples/deploy.lua deploys a version once", async () => {
  using sandbox = createExamples();
  expect((await sandbox.run(["run", "deploy.lua"], PATH)).stderr).toContain("nothing → v1.2.3");
  expect((await sandbox.run(["run", "deploy.lua"], PATH)).stderr).toContain(
    "v1.2.3 is current, nothing to do",
  );
  const next = await sandbox.run(["run", "deploy.lua", "--set", "version=v1.3.0"], PATH);
  expect(next.stderr).toContain("v1.2.3 → v1.3.0");
});
