/*
 * The entry of the build with failpoints: runner, on a wall clock that a trial can move. CLOCK_FILE names a file that says
 * by how many seconds.
 */
import { readFileSync } from "node:fs";

const file = process.env.CLOCK_FILE;
if (file !== undefined) {
  const real = Date.now;
  Date.now = () => real() + Number(readFileSync(file, "utf8")) * 1000;
}
await import("../../src/main.ts");
