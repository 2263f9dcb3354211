import { defineCommand, definePlugin, RunnerError } from "runner";
import { summarize } from "./summarize.ts";

/** `runner report`. */
export default definePlugin({
  name: "report",
  version: "1.0.0",
  api: 1,
  description: "What the journal says about tasks over many runs",
  commands: {
    report: defineCommand({
      summary: "How often tasks fail and how long they take",
      args: {
        file: { type: "positional", required: false, description: "Only runs of this task file" },
        runs: { type: "string", valueHint: "N", description: "How many of the newest runs count (50)" },
      },
      details: "Reads the journal of earlier runs. The tasks that fail most often come first.",
      examples: ["runner report", "runner report --runs 200 -o json"],
      async run({ ctx, args }) {
        const limit = readCount(args.runs ?? "50");
        const runs = (await ctx.runs(limit)).filter(
          ({ file }) => args.file === undefined || file.endsWith(args.file),
        );
        const tasks = summarize(runs);
        if (ctx.out.format === "json") {
          ctx.out.line(JSON.stringify({ runs: runs.length, tasks }));
          return;
        }
        if (tasks.length === 0) {
          ctx.out.note("No task has been journaled yet.");
          return;
        }
        ctx.out.table(
          ["TASK", "RAN", "FAILED", "RETRIED", "TYPICAL", "SLOWEST", "LAST FAILURE"],
          tasks.map(({ task, ran, failed, retried, median, slowest, lastFailure }) => [
            task,
            String(ran),
            failed === 0 ? "–" : `${failed} (${Math.round((100 * failed) / ran)} %)`,
            retried === 0 ? "–" : String(retried),
            seconds(median),
            seconds(slowest),
            lastFailure ?? "–",
          ]),
        );
      },
    }),
  },
});

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new RunnerError("usage", `Cannot use "--runs ${text}": expected a whole number from 1 up.`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}
