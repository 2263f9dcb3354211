import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";
import { type OnTerminal, startOnTerminal } from "../helpers/terminal.ts";

const FILE = `
task({ name = "quick", command = "echo from quick" })
task({ name = "slow", async = true, command = function(this)
  print("a line that is rather long, so that it does not fit into a narrow terminal at all")
  while not fs.exists("ok") do time.sleep(0.005) end
end })
task({ name = "shell", async = true, command = "echo out of the shell; while ! test -e ok; do sleep 0.01; done; echo why >&2; exit 3" })
task({ name = "last", depends_on = "shell", command = "true" })`;

function start(
  sandbox: Sandbox,
  columns: number,
  { file = FILE, args = [] }: { file?: string; args?: readonly string[] } = {},
): OnTerminal {
  sandbox.write("script.lua", file);
  return startOnTerminal([sandbox.binary, "run", "script.lua", ...args], {
    columns,
    cwd: sandbox.work,
    env: { HOME: sandbox.home, PATH: process.env.PATH ?? "", NO_COLOR: "1" },
  });
}

/** Tasks that print 2,000 lines, half of them by a shell, the second half of each when there is a file `go`. */
const LOUD = `
task({ name = "loud", async = true, command = function()
  for i = 1, 1000 do
    print("line " .. i)
    if i % 50 == 0 then time.sleep(0.005) end
    while i == 500 and not fs.exists("go") do time.sleep(0.005) end
  end
end })
task({ name = "shell", async = true, command = [[
  for i in $(seq 1001 2000); do
    echo line $i
    [ $((i % 50)) = 0 ] && sleep 0.005
    while [ $i = 1500 ] && ! [ -e go ]; do sleep 0.005; done
  done; true]] })
task({ name = "waits", command = function() while not fs.exists("go") do time.sleep(0.005) end end })`;

/** The numbers of the lines that LOUD has printed, first those of one task, then of the other. */
function numbers(text: string): number[] {
  const found = [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  return found.toSorted((a, b) => Number(a > 1000) - Number(b > 1000));
}

/** The lines that show what is under way. */
function live(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("  … "));
}

describe("runner run on a terminal", () => {
  test("shows what is under way, with its time and last line, and in the end what failed and why", async () => {
    using sandbox = createSandbox();
    const terminal = start(sandbox, 100);
    const text = await terminal.until((shown) => /slow +0\.[2-9]s/.test(shown) && live(shown).length === 2);
    expect(text).toContain("runner · script.lua · 4 tasks · run ");
    expect(text).toMatch(/^ {2}✓ quick {10} +\d+\.\ds$/m);
    expect(live(text)).toEqual([
      expect.stringMatching(
        /^ {2}… slow {11} +\d\.\ds {3}a line that is rather long, so that it does not fit/,
      ),
      expect.stringMatching(/^ {2}… shell {10} +\d\.\ds {3}out of the shell$/),
    ]);
    sandbox.write("ok", "");
    expect(await terminal.ended).toBe(1);
    const lines = terminal.screen.text.trimEnd().split("\n");
    expect(live(terminal.screen.text)).toEqual([]);
    expect(lines.slice(-5)).toEqual([
      "shell failed: the command ended with exit code 3",
      "  last output:  why",
      "",
      expect.stringMatching(/^4 tasks in \d+\.\d s: 2 done, 1 skipped, 1 failed$/),
      expect.stringMatching(/^Take it up again after the fix: runner run --resume \w+$/),
    ]);
  });

  test("stays in order when the terminal is narrow, or becomes it", async () => {
    using sandbox = createSandbox();
    for (const columns of [40, 100]) {
      const terminal = start(sandbox, columns);
      await terminal.until((shown) => live(shown).length === 2 && shown.includes("out of"));
      if (columns === 100) await terminal.resize(40);
      // Drawn twice more, over what was there.
      const before = terminal.screen.text;
      await terminal.until((shown) => shown !== before && live(shown).length === 2);
      const text = await terminal.until((shown) => /slow +0\.[5-9]s/.test(shown) && live(shown).length === 2);
      for (const line of live(text)) expect(Bun.stringWidth(line)).toBeLessThan(40);
      expect(text.split("\n").slice(-3, -1)).toEqual(live(text));
      sandbox.write("ok", "");
      await terminal.ended;
      expect(live(terminal.screen.text)).toEqual([]);
      Bun.spawnSync(["rm", `${sandbox.work}/ok`]);
    }
  });

  test.each([
    [100, 100],
    [20, 20],
    [100, 20],
    [20, 100],
  ])(
    "keeps 2,000 lines whole and in order above what is under way, in %d columns, then %d",
    async (before, after) => {
      using sandbox = createSandbox();
      const terminal = start(sandbox, before, { file: LOUD });
      await terminal.until((shown) => numbers(shown).length === 1000 && live(shown).length === 3);
      if (before !== after) await terminal.resize(after);
      sandbox.write("go", "");
      expect(await terminal.ended).toBe(0);
      const text = terminal.screen.text;
      expect(numbers(text)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
      expect(text.match(/line/g)?.length).toBe(2000);
      expect(text).not.toContain("…");
      // What is left is the end of the run, and the cursor is below it.
      const rest = text.replaceAll(/^line \d+\n/gm, "").replaceAll(/\s/g, "");
      expect(rest).toMatch(
        /^runner·script\.lua·3tasks·run\w+(✓(loud|shell|waits)\d+\.\ds)+3tasksin\d+\.\ds:3done$/,
      );
      expect(text.endsWith("\n")).toBe(true);
    },
  );

  test("leaves whole lines and a clean terminal after Ctrl-C among many lines", async () => {
    using sandbox = createSandbox();
    // By shells alone: a signal ends at once what computes in Lua.
    const print = (from: number) => `i=${from}; while :; do i=$((i + 1)); echo line $i; sleep 0.002; done`;
    const file = `
task({ name = "one", async = true, command = "${print(0)}" })
task({ name = "two", async = true, command = "${print(100_000)}" })
task({ name = "three", command = "sleep 100" })`;
    const terminal = start(sandbox, 20, { file });
    await terminal.until((shown) => numbers(shown).length > 300);
    terminal.type("\x03");
    expect(await terminal.ended).toBe(130);
    const text = terminal.screen.text.replace("^C", "");
    const seen = numbers(text);
    const first = seen.filter((number) => number < 100_000);
    const second = seen.filter((number) => number > 100_000);
    expect(first).toEqual(first.map((_, i) => i + 1));
    expect(second).toEqual(second.map((_, i) => i + 100_001));
    expect(text.match(/line/g)?.length).toBe(seen.length);
    expect(text).not.toContain("…");
    expect(text.replaceAll(/\s/g, "")).toMatch(/Interrupted\.Takeitupagain:runnerrun--resume\w+$/);
    expect(text.endsWith("\n")).toBe(true);
  });

  test("leaves a clean terminal after Ctrl-C", async () => {
    using sandbox = createSandbox();
    const file = `
task({ name = "waits", async = true, command = function() time.sleep(1000) end })
task({ name = "shell", command = "sleep 1000" })`;
    const terminal = start(sandbox, 80, { file });
    await terminal.until((shown) => live(shown).length === 2);
    terminal.type("\x03");
    expect(await terminal.ended).toBe(130);
    const lines = terminal.screen.text.split("\n");
    expect(live(terminal.screen.text)).toEqual([]);
    expect(lines.at(-2)).toMatch(/^Interrupted\. Take it up again: runner run --resume \w+$/);
    expect(lines.at(-1)).toBe("");
  });

  test("leaves neither a line nor a half file of a plain script's download after Ctrl-C", async () => {
    using sandbox = createSandbox();
    const server = Bun.serve({
      port: 0,
      fetch: () =>
        new Response(
          new ReadableStream({
            pull: (stream) => Bun.sleep(5).then(() => stream.enqueue(new Uint8Array(100))),
          }),
        ),
    });
    const file = `http.get("${server.url}", { save_as = "big" })`;
    const terminal = start(sandbox, 80, { file });
    await terminal.until((shown) => live(shown).length === 1);
    terminal.type("\x03");
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen.text.replace("^C", "").trim()).toBe("");
    expect(readdirSync(sandbox.work)).toEqual(["script.lua"]);
    await server.stop(true);
  });

  test("has no live lines with --quiet", async () => {
    using sandbox = createSandbox();
    const terminal = start(sandbox, 80, { args: ["--quiet"] });
    await terminal.until((shown) => shown.includes("out of the shell"));
    sandbox.write("ok", "");
    expect(await terminal.ended).toBe(1);
    expect(terminal.screen.text).not.toContain("…");
  });
});
