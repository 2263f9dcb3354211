import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, lstatSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../../src/lib/machine.ts";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const draftsIn = (sandbox: Sandbox) => readdirSync(sandbox.work).filter((name) => name.endsWith(".tmp"));

/** Kills a command with `kill -9` while it writes a file; gives the name of what it left. */
async function leaveDraft(sandbox: Sandbox, ...words: string[]): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const running = sandbox.spawn(["state", ...words, `out-${attempt}`]);
    let ended = false;
    const over = running.finished.finally(() => {
      ended = true;
    });
    while (draftsIn(sandbox).length === 0 && !ended) await Bun.sleep(1);
    running.kill("SIGKILL");
    await over;
    const [left] = draftsIn(sandbox);
    if (left !== undefined) return left;
  }
  throw new Error("Every command was faster than its end.");
}

describe("what a killed process leaves of a file that it was writing", () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `{"key":"k${i}","value":"${"x".repeat(100)}"}`);

  test.each(["export", "backup"])(
    "is removed by the next %s to that folder, and nothing else is",
    async (word) => {
      using sandbox = createSandbox();
      await sandbox.run(["state", "import", "--unchecked"], { stdin: lines.join("\n") });
      const left = await leaveDraft(sandbox, word);
      // One that a living process writes, and names that others may have given.
      const { pid, started } = machine.self;
      const living = left.replace(/-\d+-\d+-\d+\.tmp$/, `-${pid}-${started}-1.tmp`);
      const others = [living, "notes.tmp", "store.db.4711.tmp", "store.db.runner-1-1.tmp"];
      for (const name of others) copyFileSync(join(sandbox.work, left), join(sandbox.work, name));
      const { exitCode } = await sandbox.run(["state", word, "whole"]);
      expect(exitCode).toBe(0);
      expect(draftsIn(sandbox).sort()).toEqual(others.sort());
    },
    30_000,
  );
});

describe("runner state restore --db", () => {
  test("refuses what is no regular file, and leaves it where it is", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "v"]);
    await sandbox.run(["state", "backup", "b.db"]);
    const pipe = join(sandbox.work, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    symlinkSync("pipe", join(sandbox.work, "link"));
    for (const place of ["pipe", "link"]) {
      for (const more of [[], ["--no-backup"]]) {
        const words = ["state", "restore", "b.db", "--yes", "--db", place, ...more];
        const { exitCode, stderr } = await sandbox.run(words, { hungAfter: 10_000 });
        expect({ exitCode, stderr }).toEqual({
          exitCode: 6,
          stderr: expect.stringContaining("it is not a regular file"),
        });
      }
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(lstatSync(join(sandbox.work, "link")).isSymbolicLink()).toBe(true);
    expect(existsSync(join(sandbox.home, ".sloth-runner/backups"))).toBe(false);
  });
});
