import { type Lab, type Measurement, median } from "./harness.ts";
import { createHome, environment, readNumbers, writeLua } from "./programs.ts";

/** Changes that are waited for in one round. */
const TIMES = 50;

/** A change that another process makes: from its write to the line that `runner state watch` prints. */
export const WATCH: readonly Measurement[] = [
  {
    name: "watch another process",
    async run(lab) {
      const rounds: number[] = [];
      for (let round = 0; round < (lab.quick ? 1 : 5); round++) rounds.push(median(await delays(lab)));
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 100 }, ours: rounds }];
    },
  },
];

/** Milliseconds from each write to its line. */
async function delays(lab: Lab): Promise<number[]> {
  const env = environment(createHome(lab));
  const script = writeLua(
    lab,
    "written",
    `for i = 1, ${TIMES} do
  state.set("written", time.now())
  time.sleep(0.02)
end
`,
  );
  const argv = [
    lab.runner,
    "state",
    "watch",
    "written",
    "--after",
    "0",
    "--count",
    String(TIMES),
    "-o",
    "json",
  ];
  const watching = Bun.spawn(argv, { env, stdout: "pipe" });
  const [taken] = await Promise.all([
    linesAsTheyCome(watching.stdout),
    readNumbers([lab.runner, "run", script], env),
  ]);
  if (taken.length !== TIMES) throw new Error(`The watch printed ${taken.length} changes, not ${TIMES}.`);
  return taken.map(({ line, at }) => at - JSON.parse(line).value * 1000);
}

/** Lines, and when each was there, in ms since the epoch. */
async function linesAsTheyCome(stream: ReadableStream<Uint8Array>): Promise<{ line: string; at: number }[]> {
  const taken: { line: string; at: number }[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const at = performance.timeOrigin + performance.now();
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) taken.push({ line, at });
  }
  return taken;
}
