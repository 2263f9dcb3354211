import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** Every option with a value under which its task succeeds. `NAME` is the task's own name. */
const OPTIONS: Readonly<Record<string, string>> = {
  description: '"what it is for"',
  depends_on: '"root"',
  timeout: '"1m"',
  retries: "2",
  retry_delay: "0.001",
  backoff: '"linear"',
  run_if: '"true"',
  abort_if: "function() return false end",
  on_success: "function() State.increment('successes') end",
  on_failure: "function() State.increment('failures') end",
  pre_exec: "function() State.increment('before') end",
  post_exec: "function() State.increment('after') end",
  params: "{ x = 1 }",
  env: '{ X = "1" }',
  workdir: '"folder"',
  tags: '{ "some", "tag" }',
  lock: '"a lock"',
  sources: '"*.lua"',
  generates: '"made"',
  once: '"NAME"',
  artifacts: '"made"',
  delegate_to: '{ "local" }',
  async: "true",
};
/** Those after whose success the task is skipped. */
const REMEMBERED = ["sources", "generates", "once"];

const names = Object.keys(OPTIONS);
const pairs = names.flatMap((first, i) => names.slice(i + 1).map((second) => [first, second] as const));

const FILE = [
  'task({ name = "root", command = "true" })',
  ...pairs.map(([first, second], i) => {
    const name = `${first}+${second}`;
    const options = [first, second].map((option) => `${option} = ${OPTIONS[option]?.replace("NAME", name)}`);
    const command = i % 4 === 0 ? '"test -e made"' : 'function() assert(fs.exists("made")) end';
    return `task({ name = "${name}", command = ${command}, ${options.join(", ")} })`;
  }),
  'task({ name = "last", depends_on = "root", async = true, command = function()',
  "  print(State.get('successes'), State.get('failures'), State.get('before'), State.get('after'))",
  "end })",
].join("\n");

/** Names of the tasks that ended so, sorted. */
function ended(stdout: string, status: string): string[] {
  const events: { event: string; task: string; status: string }[] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const found = events.filter((event) => event.event === "task_ended" && event.status === status);
  return found.map(({ task }) => task).sort();
}

describe("every option with every other one", () => {
  test.each(["1", "3"])(
    "succeeds with --jobs %s, and is skipped afterwards where it says so",
    async (jobs) => {
      using sandbox = createSandbox();
      for (const made of ["made", "folder/made", "folder/x.lua"]) sandbox.write(made, "");
      const args = ["-o", "json", "--jobs", jobs];
      const options = { env: { ...PATH.env, RUNNER_STATE_DURABILITY: "normal" } };
      const all = ["root", "last", ...pairs.map((pair) => pair.join("+"))];
      const first = await sandbox.runLua(FILE, args, options);
      expect(ended(first.stdout, "failed")).toEqual([]);
      expect(ended(first.stdout, "ok")).toEqual(all.toSorted());
      expect(first.exitCode).toBe(0);
      const second = await sandbox.runLua(FILE, args, options);
      const skipped = pairs.filter((pair) => pair.some((option) => REMEMBERED.includes(option)));
      expect(ended(second.stdout, "skipped")).toEqual(skipped.map((pair) => pair.join("+")).sort());
      expect(ended(second.stdout, "failed")).toEqual([]);
    },
  );

  test("is refused with a value of another kind, with its line", async () => {
    using sandbox = createSandbox();
    const wrong = names
      .filter((name) => name !== "params" && name !== "env")
      .map((name) => [name, "{ { 1 } }"]);
    const tasks = [...wrong, ["params", "5"], ["env", "{ X = {} }"]].map(
      ([name, value]) => `task({ name = "${name}", command = "true", ${name} = ${value} })`,
    );
    const { stderr, exitCode } = await sandbox.runLua(tasks.join("\n"));
    const lines = stderr.trimEnd().split("\n");
    expect(exitCode).toBe(5);
    expect(lines.map((line) => line.replace(/: expected .*/, ""))).toEqual(
      [...wrong, ["params"], ["env"]].map(
        ([name], i) => `Cannot load script.lua:${i + 1}: task "${name}", option "${name}"`,
      ),
    );
  });
});

describe("-o json", () => {
  test.each([
    ["a task that fails", 'task({ name = "a", command = "echo x; exit 3" })', [], 1],
    ["an error at the top level", 'print("x") error("no")', [], 1],
    ["a mistake in a declaration", 'print("x") task({ name = "a" })', [], 5],
    ["a syntax error", "task({", [], 5],
    ["os.exit", 'task({ name = "a", command = function() os.exit(9) end })', [], 9],
    ["a timeout", 'task({ name = "a", command = "sleep 100" })', ["--timeout", "0.1"], 124],
    ["a top level that does not end", "while true do end", ["--timeout", "0.1"], 124],
    ["a task that is not there", 'task({ name = "a", command = "true" })', ["b"], 3],
    ["a plain script", 'print("x") io.stderr:write("y")', [], 0],
    ["bytes", 'task({ name = "a", command = function() print("\\xff\\0") log.info("\\xff") end })', [], 0],
  ])("writes nothing but events to stdout: %s", async (_, source, args, code) => {
    using sandbox = createSandbox();
    for (const more of [[], ["--quiet"], ["--log-output", "grouped"], ["--log-output", "prefixed"]]) {
      const { stdout, exitCode } = await sandbox.runLua(source, ["-o", "json", ...args, ...more], PATH);
      for (const line of stdout.split("\n")) {
        if (line !== "") expect(JSON.parse(line)).toMatchObject({ event: expect.any(String) });
      }
      expect(exitCode).toBe(code);
    }
  });
});

test("runner docs task says what every option is for", async () => {
  using sandbox = createSandbox();
  const { stdout } = await sandbox.run(["docs", "task"]);
  for (const option of names) expect(stdout).toMatch(new RegExp(`^  ${option} +\\S`, "m"));
  const { options } = JSON.parse((await sandbox.run(["docs", "task", "-o", "json"])).stdout);
  expect(options).toContainEqual({
    name: "tags",
    type: "(string|table)?",
    expected: "a name or a list of names",
    description: "words to choose tasks by: --tag",
  });
});
