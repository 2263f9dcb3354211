/**
 * `npm test`: builds the binary and runs the tests, several files at a time; arguments go to `bun test`. The last line is
 * the result alone: "N passed, N failed", with ", N skipped" when some were.
 */
import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { buildHost } from "./build.ts";
import { ROOT } from "./project.ts";

const REPORT = join(ROOT, "node_modules/.cache/tests", `${process.pid}.xml`);

/** Milliseconds after which a test counts as hung: tests of the binary start many processes on slow machines. */
const HUNG_AFTER = 120_000;

/** How many files are under way at once. Tests of the binary mostly wait for it, so there is work for one more than cores. */
const WORKERS = availableParallelism() + 1;

await buildHost();
mkdirSync(join(REPORT, ".."), { recursive: true });
const tests = Bun.spawn(
  [
    process.execPath,
    "test",
    `--parallel=${WORKERS}`,
    `--timeout=${HUNG_AFTER}`,
    "--reporter=junit",
    `--reporter-outfile=${REPORT}`,
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, stdio: ["inherit", "inherit", "inherit"] },
);
const exitCode = await tests.exited;
const totals = await readTotals(REPORT);
rmSync(REPORT, { force: true });

// A file that could not even be loaded is in no total, but it is a failure.
const failed = Math.max(totals.failures, exitCode === 0 ? 0 : 1);
const passed = totals.tests - totals.failures - totals.skipped;
const skipped = totals.skipped === 0 ? "" : `, ${totals.skipped} skipped`;
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exitCode = exitCode;

/** The totals in the head of a JUnit report; zeros when there is none because nothing ran. */
async function readTotals(file: string): Promise<{ tests: number; failures: number; skipped: number }> {
  const report = Bun.file(file);
  const head = (await report.exists()) ? await report.slice(0, 1000).text() : "";
  const total = (name: string) =>
    Number(new RegExp(`<testsuites [^>]*\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  return { tests: total("tests"), failures: total("failures"), skipped: total("skipped") };
}
