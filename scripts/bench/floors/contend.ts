// One of several processes that increment one key with bare statements; SQLite's own busy handler waits. Arguments:
// the file, FULL or NORMAL, how many times, when to begin (seconds since the epoch). Prints the seconds since the
// epoch at the end, then the seconds that each increment took.
import { openBare } from "./bare.ts";

const [file = "", synchronous, times, begin] = process.argv.slice(2);
const store = openBare(file, synchronous === "FULL" ? "FULL" : "NORMAL", true);
const now = () => (performance.timeOrigin + performance.now()) / 1000;

Bun.sleepSync(Math.max(0, Number(begin) - now() - 0.005) * 1000);
while (now() < Number(begin));
const took: number[] = [];
for (let i = 0; i < Number(times); i++) {
  const start = now();
  store.update("counter", (value) => Number(value ?? 0) + 1);
  took.push(now() - start);
}
console.log([now(), ...took].join("\n"));
