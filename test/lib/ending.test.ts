import { expect, test } from "bun:test";

const ENDING = new URL("../../src/lib/ending.ts", import.meta.url).pathname;

/** Starts a program that has something to do before it ends; resolves when it says that it is ready. */
async function start(body: string) {
  const source = `import { beforeEnding, setComputing } from "${ENDING}";
    const keepAlive = setInterval(() => {}, 1000);
    ${body}
    setImmediate(() => console.log("ready"));`;
  const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  await reader.read();
  return { child, reader };
}

/** Signals the program; what it printed from then on, and how it ended. */
async function signal({ child, reader }: Awaited<ReturnType<typeof start>>, name: NodeJS.Signals) {
  child.kill(name);
  let printed = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    printed += Buffer.from(part.value).toString();
  }
  await child.exited;
  return { printed, exitCode: child.exitCode, signal: child.signalCode };
}

const LAST_WORDS = 'act: async () => { await Bun.sleep(1); console.log("done"); }';

test("beforeEnding() has the act done before a signal ends the process with the code of the signal", async () => {
  const idle = await start(`beforeEnding({ ${LAST_WORDS}, when: "idle" });`);
  expect(await signal(idle, "SIGTERM")).toEqual({ printed: "done\n", exitCode: 143, signal: null });
  const always = await start(`beforeEnding({ ${LAST_WORDS}, when: "always" }); setComputing(true);`);
  expect(await signal(always, "SIGINT")).toEqual({ printed: "done\n", exitCode: 130, signal: null });
});

test("beforeEnding() keeps no signal from ending what computes, or what has nothing left to do", async () => {
  const computing = await start(`beforeEnding({ ${LAST_WORDS}, when: "idle" }); setComputing(true);`);
  expect(await signal(computing, "SIGINT")).toEqual({ printed: "", exitCode: null, signal: "SIGINT" });
  const calledOff = await start(`beforeEnding({ ${LAST_WORDS}, when: "always" })();`);
  expect(await signal(calledOff, "SIGTERM")).toEqual({ printed: "", exitCode: null, signal: "SIGTERM" });
});

test("beforeEnding() loses no signal that came before it was called off, or before a script computes", async () => {
  const compute =
    "setComputing(true); for (const end = Date.now() + 5; Date.now() < end; ); setComputing(false);";
  for (const rest of ["callOff();", `callOff(); ${compute}`, `${compute} callOff();`, compute]) {
    const { child } = await start(`const callOff = beforeEnding({ act: () => undefined, when: "idle" });
      setTimeout(() => { process.kill(process.pid, "SIGINT"); ${rest} }, 1);`);
    await child.exited;
    expect([rest, child.exitCode]).toEqual([rest, 130]);
  }
});

test("beforeEnding() does what is left even when another act fails", async () => {
  const failing = await start(
    `beforeEnding({ act: () => { throw new Error("no"); }, when: "idle" }); beforeEnding({ ${LAST_WORDS}, when: "idle" });`,
  );
  expect(await signal(failing, "SIGTERM")).toEqual({ printed: "done\n", exitCode: 143, signal: null });
});
