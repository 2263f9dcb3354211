import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finished, Sandbox } from "../../../test/helpers/binary.ts";
import { Skipped } from "../run.ts";
import { hold, type Trial } from "../trial.ts";

/** A disk of its own that fills up at random places: one clear error, the old state kept, and well again once cured. */
export const FULL_DISK: Trial = {
  name: "disk full",
  rounds: { short: 2, long: 100 },
  async run({ createSandbox, rounds, random }) {
    let written = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      const disk = join(sandbox.work, "disk");
      mkdirSync(disk);
      const mounted = Bun.spawnSync([
        "mount",
        "-t",
        "tmpfs",
        "-o",
        `size=${random.integer(300, 3000)}k`,
        "none",
        disk,
      ]);
      if (!mounted.success) throw new Skipped("a file system of its own needs root");
      try {
        const env = { RUNNER_HOME: join(disk, "home") };
        sandbox.write(
          "fill.lua",
          `for i = 1, math.huge do
             local ok, problem = pcall(state.set, "key:" .. i, string.rep("x", math.random(20000)))
             if not ok then print("full", i - 1, problem.code) error(problem) end
             print(i) io.flush()
           end`,
        );
        const first = await sandbox.run(["state", "set", "first", "kept"], { env });
        if (first.exitCode !== 0) {
          hold("a disk too small from the start is said to be", first.exitCode === 6, first.stderr);
          continue;
        }
        writeFileSync(join(disk, "filler"), new Uint8Array(random.integer(0, 50_000)));
        const { stdout, stderr } = await sandbox.run(["run", "fill.lua"], { env });
        hold("it says what is the case", /full|no space/i.test(stderr), stderr);
        const count = stdout.match(/^\d+$/gm)?.length ?? 0;
        rmSync(join(disk, "filler"));
        hold("the cure is more space", Bun.spawnSync(["mount", "-o", "remount,size=64m", disk]).success);
        const kept = await sandbox.run(["state", "keys", "-o", "json"], { env });
        const keys: string[] = JSON.parse(kept.stdout);
        hold("what was acknowledged is there", keys.length === count + 1, { keys: keys.length, count });
        const again = await sandbox.run(["state", "set", "again", "1"], { env });
        hold("it works again", again.exitCode === 0, again.stderr);
        const verified = await sandbox.run(["state", "verify"], { env });
        hold("the store is whole", verified.exitCode === 0, verified.stdout + verified.stderr);
        await turnReadOnly(disk, (words) => sandbox.run(["state", ...words], { env }));
        written += count;
      } finally {
        Bun.spawnSync(["umount", "-l", disk]);
      }
    }
    return { disks: rounds, "writes acknowledged": written, "writes lost": 0 };
  },
};

/** A disk that becomes read-only takes no writes, says so, and takes them again once it is none. */
async function turnReadOnly(
  disk: string,
  run: (words: readonly string[]) => Promise<Finished>,
): Promise<void> {
  const remount = (how: string) => Bun.spawnSync(["mount", "-o", `remount,${how}`, disk]).success;
  hold("the disk is read-only", remount("ro"));
  const { exitCode, stderr } = await run(["set", "k", "v"]);
  hold("a read-only disk is said to be", exitCode === 6 && /read-only/.test(stderr), { exitCode, stderr });
  hold("the disk is writable", remount("rw"));
  const cured = await run(["set", "k", "v"]);
  hold("it works again", cured.exitCode === 0, cured.stderr);
}

/** Something is where the store should be that is no store, or may not be used: said in one message, left alone. */
export const WRONG_PLACES: Trial = {
  name: "no place for a store",
  rounds: { short: 1, long: 20 },
  async run({ createSandbox, rounds, random }) {
    let places = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      const place = (name: string) => join(sandbox.work, name);
      mkdirSync(place("folder.db"));
      sandbox.write("empty.db", "");
      sandbox.write("garbage.db", random.bytes(random.integer(1, 9000)));
      sandbox.write("almost.db", Buffer.concat([Buffer.from("SQLite format 3\0"), random.bytes(5000)]));
      await sandbox.run(["state", "set", "k", "v", "--db", place("newer.db")]);
      using newer = new Database(place("newer.db"));
      newer.run("PRAGMA user_version = 99");
      for (const name of ["folder.db", "empty.db", "garbage.db", "almost.db", "newer.db"]) {
        const { exitCode, stderr } = await sandbox.run(["state", "set", "k", "v", "--db", place(name)]);
        hold(`${name} is refused with 6`, exitCode === 6, { exitCode, stderr });
        hold("in one or two lines", stderr.trim().split("\n").length <= 2, stderr);
        places++;
      }
      for (const env of [{ HOME: "" }, { HOME: place("garbage.db") }]) {
        const { exitCode, stderr } = await sandbox.run(["state", "set", "k", "v"], { env });
        hold("a home that is none is refused", exitCode !== 0 && exitCode !== 70, { env, exitCode, stderr });
        places++;
      }
      forbid(sandbox, place("folder.db"));
      places++;
    }
    return { places, "written over": 0 };
  },
};

/** A folder where this user may not write, until its mode is put right. Root may, unless it has given that up. */
function forbid({ binary, home, work }: Sandbox, folder: string): void {
  const powerless = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];
  const set = () => {
    const words = [...powerless, binary, "state", "set", "k", "v", "--db", join(folder, "s.db")];
    const { exitCode, stderr } = Bun.spawnSync(words, {
      cwd: work,
      env: { HOME: home, PATH: "/usr/bin:/bin" },
    });
    return { exitCode, stderr: stderr.toString() };
  };
  chmodSync(folder, 0o500);
  const refused = set();
  hold("a folder without permission is said to be", refused.exitCode === 6, refused);
  hold("in one or two lines", refused.stderr.trim().split("\n").length <= 2, refused);
  chmodSync(folder, 0o700);
  const cured = set();
  hold("it works again", cured.exitCode === 0, cured);
}
