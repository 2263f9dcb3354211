import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PopenWriter } from "../../src/lua/popen-writer.ts";
import { createSandbox } from "../helpers/binary.ts";

const cwd = mkdtempSync(join(tmpdir(), "runner-popen-"));
afterAll(() => rmSync(cwd, { recursive: true }));

const WRITER = new URL("../../src/lua/popen-writer.ts", import.meta.url).pathname;

test("PopenWriter counts what is written while the process takes what came before", async () => {
  const silent = { onOutput: () => undefined, onError: () => undefined };
  const writer = new PopenWriter("until [ -e go ]; do sleep 0.02; done; wc -c > count", { cwd }, silent);
  writer.write(new Uint8Array(10));
  writer.write(new Uint8Array(500_000));
  expect(await Promise.race([writer.drain(false), Bun.sleep(50).then(() => "waits")])).toBe("waits");
  expect(await Promise.race([writer.drain(false), Bun.sleep(50).then(() => "waits")])).toBe("waits");
  writeFileSync(join(cwd, "go"), "");
  await writer.drain(true);
  expect(writer.drain(true)).toBeUndefined();
  expect(await writer.end()).toBe(0);
  expect((await Bun.file(join(cwd, "count")).text()).trim()).toBe("500010");
});

test("PopenWriter keeps an error of whoever shows its output until its end is asked for", async () => {
  const source = `import { PopenWriter } from "${WRITER}";
    const { promise: came, resolve } = Promise.withResolvers();
    const fails = () => { resolve(); throw new Error("cannot be shown"); };
    const writer = new PopenWriter("echo one", { cwd: "." }, { onOutput: fails, onError: fails });
    await came;
    await new Promise((next) => setTimeout(next, 1));
    console.log(await writer.end().catch((error) => error.message));`;
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, "-e", source], { cwd });
  expect(stdout.toString()).toBe("cannot be shown\n");
  expect(exitCode).toBe(0);
});

describe("io.popen() for writing that nobody closes", () => {
  const open = `local to = io.popen("sleep 0.05; wc -c > count; echo told", "w") to:write(("x"):rep(300000))`;
  test.each([
    ["the end of a script", open, 0],
    ["the end of a run", `task{ name = "writes", run = function() ${open} end }`, 0],
    ["the collector and the end", `do ${open} end collectgarbage() collectgarbage()`, 0],
    ["os.exit()", `${open} os.exit(3)`, 3],
    ["an error", `${open} error("fails")`, 1],
  ])("loses nothing at %s", async (_, source, code) => {
    using sandbox = createSandbox();
    const env = { PATH: process.env.PATH ?? "" };
    const { stdout, exitCode } = await sandbox.runLua(source, [], { env });
    expect({ stdout, exitCode }).toEqual({ stdout: "told\n", exitCode: code });
    expect(readFileSync(join(sandbox.work, "count"), "utf8").trim()).toBe("300000");
  });

  test("does not keep a run whose time is over", async () => {
    using sandbox = createSandbox();
    const source = `io.popen("exec sleep 600", "w") while true do end`;
    const env = { PATH: process.env.PATH ?? "" };
    const { exitCode } = await sandbox.runLua(source, ["--timeout", "200ms"], { env });
    expect(exitCode).toBe(124);
  });
});
