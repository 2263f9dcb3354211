import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createSandbox } from "../helpers/binary.ts";

describe("the shipped binary", () => {
  test("has no failpoints", async () => {
    using sandbox = createSandbox();
    expect(readFileSync(sandbox.binary).includes("FAILPOINTS")).toBe(false);
    const env = { FAILPOINTS: "commit.before=1" };
    expect((await sandbox.run(["state", "set", "k", "v"], { env })).exitCode).toBe(0);
  });
});
