import { describe, expect, test } from "bun:test";
import { type Machine, machine } from "../../src/lib/machine.ts";

/** Prints the identity of a process of its own and lives until its input ends. */
const CHILD = `
  import { machine } from "${new URL("../../src/lib/machine.ts", import.meta.url).pathname}";
  console.log(JSON.stringify(machine.self));
  for await (const _ of Bun.stdin.stream());`;

function start() {
  return Bun.spawn([process.execPath, "-e", CHILD], { stdin: "pipe", stdout: "pipe" });
}

async function identityOf(child: ReturnType<typeof start>): Promise<Machine["self"]> {
  for await (const chunk of child.stdout) return JSON.parse(Buffer.from(chunk).toString());
  throw new Error("it said nothing");
}

describe.if(process.platform === "linux")("machine", () => {
  test("hasEnded() tells a living process from one that was killed", async () => {
    const child = start();
    const identity = await identityOf(child);
    expect(identity.pid).toBe(child.pid);
    expect(identity.boot).toBe(machine.self.boot ?? "");
    expect(machine.hasEnded(identity)).toBe(false);
    child.kill("SIGKILL");
    await child.exited;
    expect(machine.hasEnded(identity)).toBe(true);
  });

  test("hasEnded() does not take a process for another that had its number before", () => {
    const { self } = machine;
    expect(machine.hasEnded(self)).toBe(false);
    expect(machine.hasEnded({ ...self, started: (self.started ?? 0) - 1 })).toBe(true);
  });

  test("hasEnded() claims nothing about other machines, boots and namespaces", () => {
    const { host, pid, started = 0 } = machine.self;
    const gone = { ...machine.self, started: started - 1 };
    expect(machine.hasEnded({ ...gone, boot: "another" })).toBe(false);
    expect(machine.hasEnded({ ...gone, pidns: "pid:[1]" })).toBe(false);
    expect(machine.hasEnded({ host, pid })).toBe(false);
  });

  test("bootTime() is the same clock for all processes", async () => {
    const earlier = machine.bootTime() ?? Number.NaN;
    const source = `import { machine } from "${new URL("../../src/lib/machine.ts", import.meta.url).pathname}";
      console.log(machine.bootTime())`;
    const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe" });
    const theirs = Number(await child.stdout.text());
    expect(theirs).toBeGreaterThanOrEqual(earlier);
    expect(machine.bootTime()).toBeGreaterThanOrEqual(theirs);
  });
});
