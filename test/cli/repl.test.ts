import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

/** `runner repl` with a person at it. */
function startRepl(sandbox: Sandbox, command = [sandbox.binary, "repl"]) {
  let shown = "";
  let wake = Promise.withResolvers<void>();
  const child = Bun.spawn(command, {
    cwd: sandbox.work,
    env: { HOME: sandbox.home, TERM: "xterm", PATH: "/usr/bin:/bin" },
    terminal: {
      cols: 200,
      rows: 40,
      data(_, data) {
        shown += Buffer.from(data).toString("utf8");
        wake.resolve();
        wake = Promise.withResolvers();
      },
    },
  });
  /** Types, and waits until this is shown; a test that waits in vain is ended by its own time limit. */
  const type = async (keys: string, until: string) => {
    shown = "";
    child.terminal?.write(keys);
    while (!shown.includes(until)) await wake.promise;
  };
  return {
    type,
    shown: () => shown,
    ended: child.exited,
    hangUp: () => child.terminal?.close(),
    [Symbol.dispose]: () => {
      child.kill("SIGKILL");
      child.terminal?.close();
    },
  };
}

const historyOf = ({ home }: Sandbox) => join(home, ".sloth-runner/repl_history");

describe("runner repl on a terminal", () => {
  test("completes globals, and the functions of a module that was not used before", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    await repl.type("templ", "templ");
    await repl.type("\t", "ate");
    await repl.type(".re", ".re");
    await repl.type("\t", "nder");
    await repl.type("{ text = 'hi' }\r", '"hi"');
    await repl.type("state.get_m", "state.get_m");
    await repl.type("\t", "any");
    await repl.type("\x15('x'):u", "('x'):u");
    await repl.type("\t\r", ">");
    expect(repl.shown()).not.toContain("utf8");
  });

  test("goes on after Ctrl-C, which drops what was typed and ends what is awaited", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    await repl.type("for i = 1, 2 do\r", ">> ");
    await repl.type("\x03", "> ");
    await repl.type("nonsense (", "nonsense (");
    await repl.type("\x03", "^C");
    // What prints later shows that the line computes no more, but waits.
    await repl.type("function wait(word) async.spawn(function() time.sleep(0) print(word) end) end\r", "> ");
    await repl.type("wait('sle' .. 'eps') time.sleep(600)\r", "sleeps");
    await repl.type("\x03", "Interrupted.");
    await repl.type("wait('ru' .. 'ns') exec.run('sleep 600')\r", "runs");
    await repl.type("\x03", "Interrupted.");
    await repl.type("20 + 3\r", "23");
    await repl.type("\x04", "");
    expect(await repl.ended).toBe(0);
  });

  test("goes on after Ctrl-C in a line that computes without end, with its state and what was typed meanwhile", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    await repl.type("kept = 'st' .. 'ays' print(kept)\r", "stays");
    await repl.type(
      "for i = 1, 1e5 do end print('beg' .. 'ins') while true do pcall(function() while true do end end) end\r",
      "begins",
    );
    await repl.type("x\x03", "Interrupted.");
    await repl.type("kept .. 1\r", '"stays1"');
    await repl.type("time.sleep(0.01) print('on' .. 'ce') while true do end\r", "once");
    await repl.type("\x03kept .. 2\r", '"stays2"');
    await repl.type("\x04", "");
    expect(await repl.ended).toBe(0);
    expect(readFileSync(historyOf(sandbox), "utf8")).toContain("while true");
  });

  test.each(["", "for i = 1, 1e5 do end "])(
    "says why it ends when Ctrl-C comes in a pattern that does not end, and leaves the terminal in order (%#)",
    async (before) => {
      using sandbox = createSandbox();
      using repl = startRepl(sandbox, ["sh", "-c", '"$0" repl; echo "code $?"; stty -a', sandbox.binary]);
      await repl.type("", "> ");
      const line = `${before}print('beg' .. 'ins') string.find(('a'):rep(5e5), ('.-'):rep(50) .. 'b')`;
      await repl.type(`${line}\r`, "begins");
      await repl.type("\x03", "speed");
      await repl.ended;
      expect(repl.shown()).toContain("Cannot stop this line: Lua is inside of one call");
      expect(repl.shown()).toContain("code 130");
      expect(repl.shown()).toMatch(/ icanon .* echo /);
      expect(readFileSync(historyOf(sandbox), "utf8")).toContain(line);
    },
  );

  test("keeps what was typed ahead in its order, also what came while one long call ran", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    await repl.type("print('beg' .. 'ins') time.sleep(0.5) print('en' .. 'ds')\r", "begins");
    await repl.type("20 ", "20 ");
    await repl.type("", "ends");
    await repl.type("+ 3\r", "23");
    // Long enough for the other thread to read the keys.
    const long = "string.find(('a'):rep(55), ('.-'):rep(5) .. 'b')";
    await repl.type(`print('beg' .. 'ins') ${long} print('en' .. 'ds')\r`, "begins");
    await repl.type("30 + 4\r", "34");
  });

  test("gives a script the line that it reads, and ends that by Ctrl-C", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    // Computes long enough for the terminal to be asked for keys, as no person could type before.
    await repl.type("for i = 1, 1e5 do end io.write('as', 'ks') return 'got ' .. io.read()\r", "asks");
    await repl.type("wort\x7fd\r", '"got word"');
    await repl.type("for i = 1, 1e5 do end io.write('as', 'ks') return io.read()\r", "asks");
    await repl.type("\x03", "Interrupted.");
    await repl.type("20 + 3\r", "23");
  });

  test("ends when Ctrl-D was typed ahead, once what runs is done", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    await repl.type("print('be' .. 'gins') time.sleep(0.3) print('en' .. 'ds')\r", "begins");
    await repl.type("\x04", "ends");
    expect(await repl.ended).toBe(0);
    using another = startRepl(sandbox);
    await another.type("", "> ");
    await another.type("20 + 3\r\x04", "23");
    expect(await another.ended).toBe(0);
  });

  test.each(["", "print('on')"])(
    "ends what it has started when its terminal goes away (%#)",
    async (next) => {
      using sandbox = createSandbox();
      using repl = startRepl(sandbox);
      await repl.type("", "> ");
      await repl.type(`exec.run('echo $$ > pid; mv pid known; exec sleep 60') ${next}\r`, "\n");
      const known = join(sandbox.work, "known");
      while (!existsSync(known)) await Bun.sleep(5);
      repl.hangUp();
      expect(await repl.ended).toBe(129);
      expect(() => process.kill(Number(readFileSync(known, "utf8")), 0)).toThrow();
    },
  );

  test("ends when Ctrl-C comes twice and there is nothing to drop", async () => {
    using sandbox = createSandbox();
    using repl = startRepl(sandbox);
    await repl.type("", "> ");
    await repl.type("dropped", "dropped");
    await repl.type("\x03", "^C");
    await repl.type("\x03", "again");
    await repl.type("\x03", "");
    expect(await repl.ended).toBe(0);
  });

  test("knows in the next session what was typed, in a file for nobody else", async () => {
    using sandbox = createSandbox();
    {
      using repl = startRepl(sandbox);
      await repl.type("", "> ");
      await repl.type("'first' .. 1\r", "first1");
      await repl.type("\x04", "");
      expect(await repl.ended).toBe(0);
    }
    expect(statSync(historyOf(sandbox)).mode & 0o777).toBe(0o600);
    using again = startRepl(sandbox);
    await again.type("", "> ");
    await again.type("\x1b[A", "'first' .. 1");
  });
});

test("runner repl shows texts and bytes as Lua writes them, floats as such, and what a module has", async () => {
  using sandbox = createSandbox();
  const lines = ['"\\255\\"\\\\"', '"\\27[0m\\t"', "{ '\\27', '\\255' }", "2^53", "time"];
  const { stdout } = await sandbox.run(["repl"], { stdin: `${lines.join("\n")}\n` });
  expect(stdout.split("\n")).toEqual([
    String.raw`"\xff\"\\"`,
    String.raw`"\x1b[0m\t"`,
    String.raw`{"\x1b", "\xff"}`,
    "9007199254740992.0",
    expect.stringContaining("sleep="),
    "",
  ]);
});

test("os.exit() in runner repl prints nothing", async () => {
  using sandbox = createSandbox();
  const { stdout, stderr, exitCode } = await sandbox.run(["repl"], { stdin: "os.exit(3)\n" });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: "", stderr: "", exitCode: 3 });
});
