import { renameSync, writeFileSync } from "node:fs";
import { definePlugin, z } from "runner";
import { renderMetrics, type TaskMetrics } from "./render.ts";

const config = z
  .strictObject({
    /** A file in the folder that node_exporter's textfile collector reads; its name ends in .prom. */
    textfile: z.string().regex(/\.prom$/, "expected a file that ends in .prom"),
  })
  .optional();

/** Leaves figures about the last run of each task file where Prometheus finds them. */
export default definePlugin({
  name: "metrics",
  version: "1.0.0",
  api: 1,
  description: "Figures about runs as a text file for Prometheus",
  config,
  hooks: {
    async runEnd({ ctx, file, exitCode, duration, tasks }) {
      const { config: settings, state } = ctx;
      if (settings === undefined) return;
      const now = Date.now() / 1000;
      const key = `metrics:${file}`;
      const before = await state.get(key, RECORD);
      const record: Run = {
        file,
        exitCode,
        ended: now,
        duration: duration / 1000,
        succeeded: exitCode === 0 ? now : (before?.succeeded ?? 0),
        runs: (before?.runs ?? 0) + 1,
        failures: (before?.failures ?? 0) + (exitCode === 0 ? 0 : 1),
        tasks: tasks.map(
          ({ name, status, duration: ms }): TaskMetrics => ({ name, status, duration: ms / 1000 }),
        ),
      };
      await state.set(key, record);
      const records = Object.values(await state.list("metrics:")).map((value) => RECORD.parse(value));
      // In one step: the collector may read at any time.
      const unfinished = `${settings.textfile}.tmp`;
      writeFileSync(unfinished, renderMetrics(records));
      renameSync(unfinished, settings.textfile);
    },
  },
});

const RECORD = z.object({
  file: z.string(),
  exitCode: z.number(),
  ended: z.number(),
  duration: z.number(),
  succeeded: z.number(),
  runs: z.number(),
  failures: z.number(),
  tasks: z.array(z.object({ name: z.string(), status: z.string(), duration: z.number() })),
});
type Run = z.output<typeof RECORD>;
