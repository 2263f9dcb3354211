import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

describe("runner state migrate", () => {
  test("names all backends that there are when it meets a scheme that none has", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "a", "1", "--db", "old.db"]);
    const migrate = (to: string) => sandbox.run(["state", "migrate", "--from", "sqlite:old.db", "--to", to]);
    const { exitCode, stderr } = await migrate("redsi://user:secret@example.test");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 5,
      stderr:
        'Cannot use state backend "redsi": there is none of this name. Did you mean "redis"? ' +
        "Known are: sqlite, memory, redis.\n",
    });
  });

  test("takes the history of a sqlite store along into a new file, with revisions, times and writers", async () => {
    using sandbox = createSandbox();
    const state = async (...words: string[]) => (await sandbox.run(["state", ...words])).stdout;
    for (const value of ["v1", "v2", "v3"]) await state("set", "k", value, "--db", "old.db");
    await state("set", "gone", "1", "--db", "old.db");
    await state("delete", "gone", "--yes", "--db", "old.db");
    const migrate = ["migrate", "--from", "sqlite:old.db", "--to", "sqlite:new.db"];
    for (let round = 0; round < 2; round++) {
      const { stdout, stderr, exitCode } = await sandbox.run(["state", ...migrate]);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      expect(stdout).toStartWith("Migrated 1 value;");
    }
    for (const key of ["k", "gone"]) {
      const [old, next] = [
        await state("history", key, "-o", "json", "--db", "old.db"),
        await state("history", key, "-o", "json", "--db", "new.db"),
      ];
      expect(JSON.parse(next)).toEqual(JSON.parse(old));
    }
    const revision = async (db: string) =>
      JSON.parse(await state("stats", "-o", "json", "--db", db)).revision;
    expect(await revision("new.db")).toBeGreaterThan(await revision("old.db"));
    expect(await sandbox.run(["state", "verify", "--db", "new.db"])).toMatchObject({ exitCode: 0 });
  });

  test("says before how many versions stay behind when the new store is in use", async () => {
    using sandbox = createSandbox();
    for (const value of ["v1", "v2", "v3"]) await sandbox.run(["state", "set", "k", value, "--db", "old.db"]);
    await sandbox.run(["state", "set", "k", "v0", "--db", "new.db"]);
    const words = ["state", "migrate", "--from", "sqlite:old.db", "--to", "sqlite:new.db", "-o", "json"];
    const { stdout, stderr } = await sandbox.run(words);
    expect(JSON.parse(stdout)).toMatchObject({ entries: 1, versionsLeft: 2 });
    expect(stderr).toMatch(/^2 earlier versions in the history of .*old\.db will not be in .*new\.db/);
  });
});
