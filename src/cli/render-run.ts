import { STDERR } from "../lib/stdio.ts";
import { cut, escapeControls, padColumns, plural } from "../lib/text.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { isShown, LOG_LEVELS, type LogRecord, showValue } from "../modules/log.ts";
import type { Task, TaskResult } from "../tasks/task.ts";
import { meantFunction } from "./misspelt.ts";
import { type Output, type Style, styleOf } from "./output.ts";
import { countResults, type RunSummary } from "./run-report.ts";

/** How much of a line of a script is shown. */
const SOURCE_COLUMNS = 200;

/** How wide the column of the tasks' names is at least, and at most: longer ones stand out of it. */
const LEAST_COLUMNS = 14;
const MOST_COLUMNS = 30;

/** How wide the column of the tasks' names is. */
export function columnsFor(tasks: readonly Task[]): number {
  const longest = tasks.reduce((widest, { name }) => Math.max(widest, Bun.stringWidth(name)), LEAST_COLUMNS);
  return Math.min(longest, MOST_COLUMNS);
}

/** A message of a script. */
export function renderLog({ level, message, fields }: LogRecord, style: Style): string {
  const width = Math.max(...LOG_LEVELS.map((name) => name.length));
  const tail = Object.entries(fields).map(([name, value]) => ` ${style.dim(`${name}=`)}${showValue(value)}`);
  const word = level.padEnd(width);
  const shown =
    level === "error" ? style.failure(word) : level === "warn" ? style.bold(word) : style.dim(word);
  return `${shown} ${message}${tail.join("")}`;
}

/** Shows a message of a script or a plugin on stderr, where nothing asked for a level. */
export function noteLog(record: LogRecord, out: Output): void {
  if (isShown(record)) out.note(renderLog(record, styleOf(STDERR, process.env)));
}

/** One line about how a task ended. */
export function renderResult(result: TaskResult, style: Style, columns: number): string {
  const { task, status, message, durationMs, attempts } = result;
  const name = padColumns(task.name, columns);
  if (status === "skipped")
    return style.dim(`  – ${name}          skipped: ${escapeControls(message ?? "")}`);
  const duration = formatDuration(durationMs).padStart(7);
  const mark = status === "ok" ? style.success("✓") : style.failure("✗");
  const tried = attempts > 1 ? `attempt ${attempts} of ${1 + (task.options.retries ?? 0)}` : "";
  const tail = [tried, status === "ok" ? escapeControls(message ?? "") : ""].filter(Boolean).join(" · ");
  return `  ${mark} ${name} ${style.dim(duration)}${tail === "" ? "" : `   ${tail}`}`;
}

/** One line about an attempt that failed and is followed by another. */
export function renderRetry(
  task: Task,
  { attempt, delay, message }: { attempt: number; delay: number; message: string },
  style: Style,
  columns: number,
): string {
  const name = padColumns(task.name, columns);
  const wait = formatDuration(delay, " s");
  return style.dim(
    `  ↻ ${name}          attempt ${attempt} failed: ${escapeControls(message)}. Again in ${wait}`,
  );
}

/** Why a task failed, with where in the script and the last line that it printed. */
export function renderFailure(
  { task, error, message }: TaskResult,
  { style, sources, tail }: { style: Style; sources: SourceLoader | undefined; tail: string | undefined },
): string {
  const lines: string[] = [];
  if (error instanceof ScriptError) {
    const where = error.position ? ` at ${error.position.source}:${error.position.line}` : "";
    // Which of its hooks raised it stands before the error itself.
    const hook = message?.endsWith(error.message) ? message.slice(0, -error.message.length) : "";
    lines.push(`${style.failure(`${task.name} failed`)}${where}: ${hook}${escapeLines(error.reason)}`);
    lines.push(...renderOrigin(error, style, sources));
  } else lines.push(`${style.failure(`${task.name} failed`)}: ${escapeLines(message ?? "")}`);
  const last = tail?.trimEnd().split("\n").at(-1);
  if (last) lines.push(style.dim(`  last output:  ${escapeControls(last.replaceAll("\t", "  "))}`));
  return lines.join("\n");
}

/** An error of a script with the line that raised it and how it got there. */
export function renderScriptError(error: unknown, style: Style, sources: SourceLoader | undefined): string {
  if (!(error instanceof ScriptError)) return error instanceof Error ? error.message : String(error);
  if (error.code === "invalid" && error.frames.length === 0) {
    return [`Cannot load ${error.message}`, ...renderOrigin(error, style, sources)].join("\n");
  }
  return [error.message, ...renderOrigin(error, style, sources)].join("\n");
}

function renderOrigin(error: ScriptError, style: Style, sources: SourceLoader | undefined): string[] {
  const lines: string[] = [];
  const { position, frames } = error;
  const text = position && sources?.line(position.source, position.line);
  // Whatever is read as a script is shown: also what is none.
  if (text) lines.push(style.dim(`  ${position.line} │ ${cut(escapeControls(text), SOURCE_COLUMNS)}`));
  const meant = text && meantFunction(error.reason, text);
  if (meant) lines.push(`  Did you mean ${meant}?`);
  const [inner, ...outer] = frames;
  if (inner !== undefined && outer.length > 0) {
    const name =
      inner.name === undefined ? "" : `in function '${inner.name}' (${inner.source}:${inner.line}), `;
    const callers = outer.slice(0, 8).map((frame) => `${frame.source}:${frame.line}`);
    if (outer.length > callers.length) callers.push("…");
    lines.push(style.dim(`  ${name}called from ${callers.join(", from ")}`));
  }
  return lines;
}

/** Line ends and tabs stay: what Lua says has some. */
function escapeLines(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : escapeControls(part)))
    .join("");
}

/** The run in one line. */
export function renderSummary({ results, durationMs }: RunSummary): string {
  const { done, skipped, failed, earlier } = countResults(results);
  const parts = [
    `${done} done${earlier > 0 ? ` (${earlier} of them before)` : ""}`,
    skipped && `${skipped} skipped`,
    failed && `${failed} failed`,
  ].filter(Boolean);
  return `${plural(results.length, "task")} in ${formatDuration(durationMs, " s")}: ${parts.join(", ")}`;
}

/** Seconds with one digit after the point. */
export function formatDuration(ms: number, unit = "s"): string {
  return `${(ms / 1000).toFixed(1)}${unit}`;
}
