import { describe, expect, test } from "bun:test";
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
      if (columns === 100) terminal.resize(40);
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

  test("has no live lines with --quiet", async () => {
    using sandbox = createSandbox();
    const terminal = start(sandbox, 80, { args: ["--quiet"] });
    await terminal.until((shown) => shown.includes("out of the shell"));
    sandbox.write("ok", "");
    expect(await terminal.ended).toBe(1);
    expect(terminal.screen.text).not.toContain("…");
  });
});
