import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";

const NOT_A_DATABASE = "just some notes\n".repeat(600);

describe("runner state with a database that is not one", () => {
  test.each(["stats", "list", "get k", "set k v", "clear --yes"])("%p: exit 6, untouched", async (words) => {
    using sandbox = createSandbox();
    const file = sandbox.write("notes.db", NOT_A_DATABASE);
    const { stdout, stderr, exitCode } = await sandbox.run([
      "state",
      ...words.split(" "),
      "--db",
      "notes.db",
    ]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 6 });
    expect(stderr).toContain("notes.db");
    expect(stderr).toContain("not a SQLite database");
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(readFileSync(file, "utf8")).toBe(NOT_A_DATABASE);
  });

  test("a folder, an empty file and a place below a file are told apart from a store", async () => {
    using sandbox = createSandbox();
    mkdirSync(join(sandbox.work, "folder.db"));
    sandbox.write("empty.db", "");
    sandbox.write("file", "x");
    for (const db of ["folder.db", "empty.db", "file/below.db"]) {
      const { stdout, stderr, exitCode } = await sandbox.run(["state", "set", "k", "v", "--db", db]);
      expect({ db, stdout, exitCode }).toEqual({ db, stdout: "", exitCode: 6 });
      expect(stderr).toStartWith("Cannot open");
      expect(stderr).toContain(db.split("/")[0] ?? db);
    }
    expect(readFileSync(join(sandbox.work, "empty.db"), "utf8")).toBe("");
  });
});

describe("runner state with a home that cannot be used", () => {
  test("says which variable to set when there is none", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.run(["state", "list"], { env: { HOME: "", USERPROFILE: "" } });
    expect(exitCode).toBe(5);
    expect(stderr).toContain("Set RUNNER_HOME");
    const env = { HOME: "", USERPROFILE: "" };
    expect(await sandbox.run(["state", "set", "k", "v", "--db", "own.db"], { env })).toMatchObject({
      exitCode: 0,
    });
  });

  test("says what stands in its way", async () => {
    using sandbox = createSandbox();
    const file = sandbox.write("home-file", "x");
    const { stderr, exitCode } = await sandbox.run(["state", "set", "k", "v"], {
      env: { RUNNER_HOME: file },
    });
    expect(exitCode).toBe(6);
    expect(stderr).toContain("home-file");
  });
});

describe("runner state with a config", () => {
  test("names file, path and nearest key of a mistake", async () => {
    using sandbox = createSandbox();
    const file = sandbox.write("runner.yaml", "state: { durabilty: full }");
    const { stderr, exitCode } = await sandbox.run(["state", "list"]);
    expect(exitCode).toBe(5);
    expect(stderr).toBe(
      `Cannot load "${file}": there is no setting "state.durabilty". Did you mean "state.durability"?\n`,
    );
  });

  test("stops in a folder that is not trusted, rather than use another store", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "state: { path: planted }");
    const { stdout, stderr, exitCode } = await sandbox.run(["state", "list"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
    expect(stderr).toContain("is not trusted");
    await sandbox.run(["trust", "--yes"]);
    expect(await sandbox.run(["state", "set", "k", "v"])).toMatchObject({ exitCode: 0 });
    const { stdout: value } = await sandbox.run(["state", "get", "k", "--db", "planted/local.db"]);
    expect(value).toBe("v\n");
  });

  test("follows home config and environment", async () => {
    using sandbox = createSandbox();
    const stats = async (env = {}) => (await sandbox.run(["state", "stats"], { env })).stdout;
    expect(await stats({ RUNNER_STATE_DURABILITY: "normal" })).toContain("durability normal");
    expect(await stats({ RUNNER_STATE_PATH: "elsewhere" })).toContain("elsewhere/local.db");
    const { stderr, exitCode } = await sandbox.run(["state", "list"], {
      env: { RUNNER_STATE_DURABILITY: "fast" },
    });
    expect(exitCode).toBe(5);
    expect(stderr).toContain("RUNNER_STATE_DURABILITY");
  });
});
