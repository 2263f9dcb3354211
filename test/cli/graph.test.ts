import { expect, test } from "bun:test";
import { createSandbox, type Finished } from "../helpers/binary.ts";

const FILE = `
task({ name = "fetch", command = "true" })
task({ name = "build", depends_on = "fetch", command = "touch ran" })
task({ name = 'a "b" <c>', depends_on = { "fetch", "build" }, command = "true" })
workflow.define("rescue", { tasks = { { name = "clean", next_if_fail = "build", command = "true" } } })`;

async function graph(args: readonly string[] = [], file = FILE): Promise<Finished> {
  using sandbox = createSandbox();
  sandbox.write("script.lua", file);
  return await sandbox.run(["graph", "script.lua", ...args]);
}

test("runner graph draws a tree from what starts first", async () => {
  expect((await graph()).stdout).toBe(
    `fetch
├─ build
│  ├─ a "b" <c>
│  └─ if build fails: rescue.clean
└─ a "b" <c>
`,
  );
});

test("runner graph takes only what named tasks need", async () => {
  expect((await graph(["build"])).stdout).toBe("fetch\n└─ build\n");
});

test("runner graph writes Mermaid", async () => {
  expect((await graph(["-f", "mermaid"])).stdout).toBe(`flowchart LR
  t0["fetch"]
  t1["build"]
  t2["a #34;b#34; #60;c#62;"]
  subgraph gt3 ["rescue"]
    t3["rescue.clean"]
  end
  t0 --> t1
  t0 --> t2
  t1 --> t2
  t1 -. fails .-> t3
`);
});

test("runner graph writes dot, with names quoted", async () => {
  const { stdout } = await graph(["-f", "dot"]);
  expect(stdout).toStartWith("digraph tasks {\n");
  expect(stdout).toContain('  "build" -> "a \\"b\\" <c>";\n');
  expect(stdout).toContain('  "build" -> "rescue.clean" [style=dashed, label="fails"];\n');
  expect(stdout).toEndWith("}\n");
});

test("runner graph draws SVG that is well formed, each task right of what it needs", async () => {
  const { stdout } = await graph(["-f", "svg"]);
  const opened = [...stdout.matchAll(/<(\w+)(?:\s[^>]*)?(?<!\/)>/g)].map(([, tag]) => tag).sort();
  const closed = [...stdout.matchAll(/<\/(\w+)>/g)].map(([, tag]) => tag).sort();
  expect(opened).toEqual(closed);
  expect(stdout).toContain('a "b" &lt;c&gt;</text>');
  const left = [...stdout.matchAll(/<rect x="([\d.]+)"/g)].map(([, x]) => Number(x));
  expect(left.length).toBe(4);
  expect(left).toEqual(left.toSorted((a, b) => a - b));
});

test("runner graph -o json gives nodes and edges", async () => {
  const { nodes, edges } = JSON.parse((await graph(["-o", "json"])).stdout);
  expect(nodes[3]).toEqual({ name: "rescue.clean", group: "rescue" });
  expect(edges[0]).toEqual({ from: "fetch", to: "build", on: "success" });
});

test("runner graph draws a chain of 5,000 tasks", async () => {
  const { stdout, exitCode } = await graph(
    [],
    `for i = 1, 5000 do task({ name = "t" .. i, command = "true", depends_on = i > 1 and "t" .. (i - 1) or nil }) end`,
  );
  expect(stdout.trimEnd().split("\n").length).toBe(5000);
  expect(exitCode).toBe(0);
});

test("runner graph refuses a cycle and a format that there is not", async () => {
  const cycle = await graph([], 'task({name="a", depends_on="b"}) task({name="b", depends_on="a"})');
  expect(cycle.stderr).toContain("a → b → a");
  expect(cycle.exitCode).toBe(5);
  expect((await graph(["-f", "svgg"])).stderr).toContain('Did you mean "svg"?');
});

test("runner graph says what it does not find, and speaks of no run", async () => {
  using sandbox = createSandbox();
  expect((await sandbox.run(["graph"])).stderr).toBe(
    "Cannot find runner.lua in this folder or a parent. Name another file, such as deploy.lua.\n",
  );
  sandbox.write("script.lua", FILE);
  const of = async (...words: string[]) => (await sandbox.run(["graph", ...words])).stderr;
  expect(await of("scrip.lua")).toBe(
    'Cannot read "scrip.lua": there is no such file. Did you mean "script.lua"?\n',
  );
  expect(await of("script.lua", "biuld")).toBe(
    'Cannot find "biuld": no task has this name. Did you mean "build"?\n',
  );
  expect(await of("script.lua", "--tag", "x")).toBe('Cannot find what is tagged "x": no task is.\n');
  expect(await of("script.lua", "other.lua")).toBe(
    'Cannot take "script.lua" and "other.lua" together: name one task file.\n',
  );
});

test("runner graph takes one format, and hands no markup on to Mermaid", async () => {
  using sandbox = createSandbox();
  sandbox.write("script.lua", `task({ name = "a<b>#&", command = "true" })`);
  const both = await sandbox.run(["graph", "script.lua", "-f", "svg", "-o", "json"]);
  expect([both.stderr, both.exitCode]).toEqual([
    'Cannot use "--format svg" with -o json: leave one of the two out.\n',
    2,
  ]);
  const { stdout } = await sandbox.run(["graph", "script.lua", "-f", "mermaid"]);
  expect(stdout).toContain('t0["a#60;b#62;#35;#38;"]');
});
