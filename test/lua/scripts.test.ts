import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";

const FOLDER = join(import.meta.dir, "scripts");
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith(".lua") && name !== "harness.lua");

test.each(scripts)("every test of %s passes in the binary", async (name) => {
  using sandbox = createSandbox();
  const source = readFileSync(join(FOLDER, name), "utf8");
  sandbox.write("harness.lua", readFileSync(join(FOLDER, "harness.lua"), "utf8"));
  sandbox.write(name, source);
  const { stdout, stderr, exitCode } = await sandbox.run(["run", name]);
  const lines = stdout.split("\n").filter((line) => line !== "");
  expect({ failed: lines.filter((line) => !line.startsWith("ok ")), stderr, exitCode }).toEqual({
    failed: [],
    stderr: "",
    exitCode: 0,
  });
  // A script that ends early must not pass for one whose tests all did.
  expect(lines.length).toBe(source.match(/^test\(/gm)?.length ?? 0);
});
