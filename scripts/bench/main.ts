/**
 * `npm run bench`: how fast, against peers and floors measured side by side. `-- NAME…` takes the rows whose name
 * contains one of these, `--quick` few rounds, `--json` every sample. Ends with 1 when a row misses or fails.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildHost, HOST_BINARY } from "../build.ts";
import { DIST } from "../project.ts";
import { COLD } from "./cold.ts";
import { CONTENTION } from "./contention.ts";
import { DENO } from "./deno.ts";
import { judge, type Row } from "./harness.ts";
import { MILLION } from "./million.ts";
import { PROCESS } from "./process.ts";
import { toJson, toTable } from "./report.ts";
import { STATE } from "./state.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
  allowPositionals: true,
});

const all = [...COLD, ...STATE, ...DENO, ...CONTENTION, ...PROCESS, ...MILLION];
const chosen = all.filter(
  ({ name }) => positionals.length === 0 || positionals.some((p) => name.includes(p)),
);
if (chosen.length === 0) {
  console.error(`Cannot find such a row. There are:\n  ${all.map(({ name }) => name).join("\n  ")}`);
  process.exit(2);
}

await buildHost();
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
console.log(values.json ? toJson(rows) : toTable(rows));
if (rows.some((row) => !("missing" in row) && judge(row).met === false)) process.exitCode = 1;

/** One row that cannot be measured does not cost the others. */
async function measureOrExplain(measurement: (typeof all)[number]): Promise<Row[]> {
  try {
    return await measurement.run({ runner: HOST_BINARY, folder, quick: values.quick });
  } catch (error) {
    const [reason = ""] = String(error).split("\n");
    process.exitCode = 1;
    return [{ name: measurement.name, missing: `could not be measured: ${reason}` }];
  }
}
