import { STDERR, STDOUT, writeWhole } from "../lib/stdio.ts";
import { padColumns, plural } from "../lib/text.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { LOG_LEVELS, type LogRecord } from "../modules/log.ts";
import type { TaskResult } from "../tasks/task.ts";
import type { Style } from "./output.ts";
import { countResults, type RunReport, type RunSummary } from "./run-report.ts";

const NAME_COLUMNS = 14;

export interface TextOptions {
  /** Colours for stderr, where all but the scripts' own output goes. */
  readonly style: Style;
  readonly sources: () => SourceLoader | undefined;
}

/** A run as a person reads it: what scripts print on stdout, the rest on stderr. */
export function createTextReport({ style, sources }: TextOptions): RunReport {
  const note = (text: string) => writeWhole(STDERR, `${text}\n`);
  return {
    print: (text) => writeWhole(STDOUT, text),
    log: (record) => note(renderLog(record, style)),
    output: (stream, chunk) => writeWhole(stream === "stdout" ? STDOUT : STDERR, chunk),
    runStarted: ({ runId, file, tasks }) => {
      note(`${style.dim(`runner · ${file} · ${plural(tasks.length, "task")} · run ${runId}`)}\n`);
    },
    taskStarted: () => undefined,
    taskEnded: (result) => note(renderResult(result, style)),
    runEnded: (summary) => {
      for (const result of summary.results) {
        if (result.status === "failed") note(`\n${renderFailure(result, style, sources())}`);
      }
      note(`\n${renderSummary(summary)}`);
    },
    scriptFailed: (error) => note(renderError(error, style, sources())),
  };
}

function renderLog({ level, message, fields }: LogRecord, style: Style): string {
  const width = Math.max(...LOG_LEVELS.map((name) => name.length));
  const tail = Object.entries(fields).map(([name, value]) => ` ${style.dim(`${name}=`)}${value}`);
  const word = level.padEnd(width);
  const shown =
    level === "error" ? style.failure(word) : level === "warn" ? style.bold(word) : style.dim(word);
  return `${shown} ${message}${tail.join("")}`;
}

function renderResult({ task, status, message, durationMs }: TaskResult, style: Style): string {
  const name = padColumns(task.name, NAME_COLUMNS);
  if (status === "skipped") return style.dim(`  – ${name}          skipped: ${message ?? ""}`);
  const duration = formatDuration(durationMs).padStart(7);
  const mark = status === "ok" ? style.success("✓") : style.failure("✗");
  const tail = status === "ok" && message !== undefined ? `   ${message}` : "";
  return `  ${mark} ${name} ${style.dim(duration)}${tail}`;
}

function renderFailure(result: TaskResult, style: Style, sources: SourceLoader | undefined): string {
  const { task, error, message } = result;
  if (!(error instanceof ScriptError)) return `${style.failure(`${task.name} failed`)}: ${message ?? ""}`;
  const where = error.position ? ` at ${error.position.source}:${error.position.line}` : "";
  const head = `${style.failure(`${task.name} failed`)}${where}: ${error.reason}`;
  return [head, ...renderOrigin(error, style, sources)].join("\n");
}

/** An error of a script with the line that raised it and how it got there. */
export function renderError(error: unknown, style: Style, sources: SourceLoader | undefined): string {
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
  if (text) lines.push(style.dim(`  ${position.line} │ ${text}`));
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

function renderSummary({ results, durationMs }: RunSummary): string {
  const { done, skipped, failed } = countResults(results);
  const parts = [`${done} done`, skipped && `${skipped} skipped`, failed && `${failed} failed`].filter(
    Boolean,
  );
  return `${plural(results.length, "task")} in ${formatDuration(durationMs, " s")}: ${parts.join(", ")}`;
}

function formatDuration(ms: number, unit = "s"): string {
  return `${(ms / 1000).toFixed(1)}${unit}`;
}
