/**
 * `npm run bench`: how fast, against peers and floors measured side by side. `-- NAME…` (or `--only NAME`) takes the
 * rows whose name contains one of these, `--quick` few rounds, `--json FILE` writes every sample and the machine beside
 * the table, `-o json` prints that in its place, `--against FILE` shows what such a file says, `--binary FILE` measures
 * that one in place of a fresh build. Ends with 1 when a row misses or fails.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildHost, HOST_BINARY } from "../build.ts";
import { DIST } from "../project.ts";
import { BRIDGE } from "./bridge.ts";
import { COLD } from "./cold.ts";
import { CONTENTION } from "./contention.ts";
import { DENO } from "./deno.ts";
import { HANDOVER } from "./handover.ts";
import { judge, type Row } from "./harness.ts";
import { describeMachine } from "./machine.ts";
import { MILLION } from "./million.ts";
import { PROCESS } from "./process.ts";
import { REDIS } from "./redis.ts";
import { parseReport, toJson, toTable } from "./report.ts";
import { STATE } from "./state.ts";
import { TASKS } from "./tasks.ts";
import { WATCH } from "./watch.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: {
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    output: { type: "string", short: "o", default: "text" },
    against: { type: "string" },
    binary: { type: "string" },
  },
  allowPositionals: true,
});

const all = [
  ...COLD,
  ...STATE,
  ...DENO,
  ...REDIS,
  ...CONTENTION,
  ...HANDOVER,
  ...WATCH,
  ...PROCESS,
  ...BRIDGE,
  ...TASKS,
  ...MILLION,
];
const wanted = [...positionals, ...values.only];
const chosen = all.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
if (chosen.length === 0) {
  console.error(`Cannot find such a row. There are:\n  ${all.map(({ name }) => name).join("\n  ")}`);
  process.exit(2);
}
const before = values.against === undefined ? undefined : parseReport(readFileSync(values.against, "utf8"));

if (values.binary === undefined) await buildHost();
const runner = resolve(values.binary ?? HOST_BINARY);
mkdirSync(DIST, { recursive: true });
const folder = mkdtempSync(join(DIST, "bench-"));
const rows: Row[] = [];
try {
  for (const measurement of chosen) {
    console.error(`measuring ${measurement.name}`);
    rows.push(...(await measureOrExplain(measurement)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const json = toJson(rows, describeMachine(runner));
if (values.json !== undefined) writeFileSync(values.json, `${json}\n`);
console.log(values.output === "json" ? json : toTable(rows, before));
if (rows.some((row) => !("missing" in row) && judge(row).met === false)) process.exitCode = 1;

/** One row that cannot be measured does not cost the others. */
async function measureOrExplain(measurement: (typeof all)[number]): Promise<Row[]> {
  try {
    return await measurement.run({ runner, folder, quick: values.quick });
  } catch (error) {
    const [reason = ""] = String(error).split("\n");
    process.exitCode = 1;
    return [{ name: measurement.name, missing: `could not be measured: ${reason}` }];
  }
}
