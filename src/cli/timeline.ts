import { cut, escapeControls, padColumns, plural } from "../lib/text.ts";
import type { Value } from "../lib/value.ts";
import type { RunRecord, TaskRecord } from "../tasks/journal-record.ts";
import { standingOfRun } from "../tasks/runs.ts";
import { toPlain } from "./json.ts";
import type { Output, Style } from "./output.ts";
import { formatDuration } from "./render-run.ts";

/** Columns of the bars. */
const BAR = 24;
/** Lines of a task's output that are shown. */
const TAIL_LINES = 5;

/** A run with its tasks as bars along its time, with their messages and the end of what they printed. */
export function renderTimeline(
  run: RunRecord,
  tasks: readonly TaskRecord[],
  out: Pick<Output, "style" | "width">,
): string {
  const { style, width = 200 } = out;
  const standing = standingOfRun(run);
  const end =
    run.ended ?? (standing === "running" ? Date.now() : Math.max(run.started, ...tasks.flatMap(timesOf)));
  const span = { from: run.started, to: end };
  const name = Math.max(8, ...tasks.map((task) => Bun.stringWidth(task.name)));
  const again = run.resumed === 0 ? "" : ` · taken up ${plural(run.resumed, "time")}`;
  // Nobody noted when a runner was killed.
  const isOpen = standing === "killed";
  const whole = isOpen && run.ended === undefined ? "–" : formatDuration(end - run.started, " s");
  const head = `run ${run.id} · ${run.name} · ${standing} · ${whole}${again}`;
  const lines = [
    style.bold(head),
    style.dim(`${formatTime(run.started)} on ${run.process.host} (pid ${run.process.pid})`),
    "",
  ];
  for (const problem of run.problems ?? []) lines.push(`  ${style.failure(escapeControls(problem))}`, "");
  for (const task of tasks) {
    const took = task.attempts.reduce((sum, { started, ended = end }) => sum + ended - started, 0);
    const isUnknown = isOpen && task.attempts.some(({ ended }) => ended === undefined);
    const time = task.attempts.length === 0 ? "" : isUnknown ? "–" : formatDuration(took);
    const text = `  ${markOf(task, style)} ${padColumns(task.name, name)} ${time.padStart(7)}  ${barOf(task, span)}`;
    const message = escapeControls(task.message ?? "");
    lines.push(`${text}  ${cut(message, Math.max(20, width - name - BAR - 16))}`.trimEnd());
    if (task.attempts.length > 1) {
      for (const [i, { message: failure }] of task.attempts.entries()) {
        if (failure !== undefined)
          lines.push(style.dim(`      attempt ${i + 1}: ${escapeControls(failure)}`));
      }
    }
    const tail = task.tail?.trimEnd().split("\n").slice(-TAIL_LINES) ?? [];
    for (const line of tail) if (line !== "") lines.push(style.dim(`      │ ${escapeControls(line)}`));
  }
  return lines.join("\n");
}

/** A task of the journal for programs. */
export function taskToPlain({ attempts, outputs, ended, ...task }: TaskRecord): object {
  return {
    name: task.name,
    status: task.status,
    message: task.message ?? null,
    attempts: attempts.map(({ started, ended: over, message }) => ({
      started_at: new Date(started).toISOString(),
      ended_at: over === undefined ? null : new Date(over).toISOString(),
      message: message ?? null,
    })),
    outputs: outputs === undefined ? null : toPlain(outputs as Value),
    output_tail: task.tail ?? null,
    ended_at: ended === undefined ? null : new Date(ended).toISOString(),
  };
}

/** `2026-11-21 20:14:07`, in the zone of this machine. */
export function formatTime(ms: number): string {
  const date = new Date(ms);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function markOf({ status }: TaskRecord, style: Style): string {
  if (status === "ok") return style.success("✓");
  if (status === "failed") return style.failure("✗");
  return status === "running" ? "…" : style.dim("–");
}

/** When its attempts ran, along the time of the run. */
function barOf({ attempts }: TaskRecord, { from, to }: { from: number; to: number }): string {
  const cells = Array.from({ length: BAR }, () => " ");
  const place = (time: number) =>
    Math.min(BAR - 1, Math.floor(((time - from) / Math.max(1, to - from)) * BAR));
  for (const { started, ended = to } of attempts) cells.fill("█", place(started), place(ended) + 1);
  return cells.join("");
}

function timesOf({ attempts }: TaskRecord): number[] {
  return attempts.flatMap(({ started, ended }) => (ended === undefined ? [started] : [started, ended]));
}
