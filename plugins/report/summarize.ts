import type { JournaledRun } from "runner";

/** One task over many runs; times in ms. */
export interface TaskSummary {
  readonly task: string;
  readonly ran: number;
  readonly failed: number;
  /** Runs in which it took more than one attempt. */
  readonly retried: number;
  readonly median: number;
  readonly slowest: number;
  /** What it said when it last failed. */
  readonly lastFailure?: string;
}

/** Pure: tasks by how often they failed, then by how long they take. The runs come with the newest first. */
export function summarize(runs: readonly JournaledRun[]): TaskSummary[] {
  const byTask = new Map<string, JournaledRun["tasks"][number][]>();
  for (const task of runs.flatMap(({ tasks }) => tasks)) {
    if (task.status !== "ok" && task.status !== "failed") continue;
    byTask.set(task.name, [...(byTask.get(task.name) ?? []), task]);
  }
  const summaries = [...byTask].map(([task, ends]): TaskSummary => {
    const times = ends.map(({ duration = 0 }) => duration).sort((a, b) => a - b);
    const failures = ends.filter(({ status }) => status === "failed");
    const lastFailure = failures[0]?.message?.split("\n")[0];
    return {
      task,
      ran: ends.length,
      failed: failures.length,
      retried: ends.filter(({ attempts }) => attempts > 1).length,
      median: times[Math.floor((times.length - 1) / 2)] ?? 0,
      slowest: times.at(-1) ?? 0,
      ...(lastFailure !== undefined && { lastFailure }),
    };
  });
  return summaries.sort((a, b) => b.failed / b.ran - a.failed / a.ran || b.median - a.median);
}
