import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PopenWriter } from "../../src/lua/popen-writer.ts";

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
