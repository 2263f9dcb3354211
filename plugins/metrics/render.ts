/** One task of the last run; seconds. */
export interface TaskMetrics {
  readonly name: string;
  readonly status: string;
  readonly duration: number;
}

/** What is remembered of a task file's runs; times in seconds since the epoch, durations in seconds. */
export interface RunMetrics {
  readonly file: string;
  readonly exitCode: number;
  readonly ended: number;
  readonly duration: number;
  /** Of the last run that was; 0 before the first. */
  readonly succeeded: number;
  readonly runs: number;
  readonly failures: number;
  readonly tasks: readonly TaskMetrics[];
}

const FIGURES = [
  ["runner_run_exit_code", "gauge", "Exit code of the last run", (run: RunMetrics) => run.exitCode],
  ["runner_run_duration_seconds", "gauge", "How long the last run took", (run: RunMetrics) => run.duration],
  ["runner_run_end_timestamp_seconds", "gauge", "When the last run ended", (run: RunMetrics) => run.ended],
  [
    "runner_run_success_timestamp_seconds",
    "gauge",
    "When a run last succeeded",
    (run: RunMetrics) => run.succeeded,
  ],
  ["runner_runs_total", "counter", "Runs so far", (run: RunMetrics) => run.runs],
  ["runner_run_failures_total", "counter", "Failed runs so far", (run: RunMetrics) => run.failures],
] as const;

/** Pure: the text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats). */
export function renderMetrics(runs: readonly RunMetrics[]): string {
  const lines: string[] = [];
  for (const [name, type, help, value] of FIGURES) {
    lines.push(`# HELP ${name} ${help}.`, `# TYPE ${name} ${type}`);
    for (const run of runs) lines.push(`${name}{file="${quote(run.file)}"} ${value(run)}`);
  }
  const task = "runner_task_duration_seconds";
  lines.push(`# HELP ${task} How long each task of the last run took.`, `# TYPE ${task} gauge`);
  for (const { file, tasks } of runs) {
    for (const { name, status, duration } of tasks) {
      lines.push(
        `${task}{file="${quote(file)}",task="${quote(name)}",status="${quote(status)}"} ${duration}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
