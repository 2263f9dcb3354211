import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import type { Group } from "../../src/cli/command.ts";
import { ROOT } from "../../src/cli/commands.ts";
import { createSandbox } from "../helpers/binary.ts";

async function examplesOf(group: Group): Promise<string[]> {
  const found = [...group.examples];
  for (const entry of Object.values(group.commands)) {
    found.push(...("commands" in entry ? await examplesOf(entry) : (await entry.load()).examples));
  }
  return found;
}

async function commandsWithoutExample(group: Group, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const [name, entry] of Object.entries(group.commands)) {
    const words = `${path} ${name}`;
    if ("commands" in entry) found.push(...(await commandsWithoutExample(entry, words)));
    else {
      const { examples } = await entry.load();
      if (!examples.some((line) => line.includes(words))) found.push(words);
    }
  }
  return found;
}

test("each command has an example in which it is called", async () => {
  expect(await commandsWithoutExample(ROOT, "runner")).toEqual([]);
});

/** What the examples of the help take for granted: some keys, and the project's own examples as task files. */
const STORE: readonly string[][] = [
  ["greeting", "hello"],
  ["deploy:version", "v1.3.0"],
  ["deploy:count", "--json", "17"],
  ["deploy:old", "x"],
  ["tmp:1", "x"],
];

const prepared = createSandbox();
beforeAll(async () => {
  cpSync(resolve(import.meta.dir, "../../examples"), prepared.work, { recursive: true });
  prepared.write("hello.lua", 'task({ name = "hello", run = function() print("hello") end })');
  for (const args of STORE) await prepared.run(["state", "set", ...args]);
});
afterAll(() => prepared[Symbol.dispose]());

test.each([...new Set(await examplesOf(ROOT))])(
  "The example works as the help prints it: %s",
  async (line) => {
    using sandbox = createSandbox();
    cpSync(prepared.work, sandbox.work, { recursive: true });
    cpSync(prepared.home, sandbox.home, { recursive: true });
    const shell = Bun.spawn(["/bin/sh", "-c", line], {
      cwd: sandbox.work,
      env: { HOME: sandbox.home, PATH: [dirname(sandbox.binary), process.env.PATH].join(delimiter) },
      stderr: "pipe",
    });
    const stderr = await new Response(shell.stderr).text();
    expect({ stderr, exitCode: await shell.exited }).toMatchObject({ exitCode: 0 });
  },
);
