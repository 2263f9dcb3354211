import { messageOf } from "../lib/errors.ts";
import { printWhole, STDOUT } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { TaskRecord } from "../tasks/journal-record.ts";
import { countResults, type RunReport, UNSEEN } from "./run-report.ts";

/** A run as one JSON object a line on stdout, and nothing else there. */
export function createJsonReport(): RunReport {
  return {
    print: (text, { task }) => emit("output", { task, stream: "stdout", text: toText(text) }),
    log: (record, { task }) => emit("log", { task, ...record }),
    progress: () => UNSEEN,
    output: (stream, chunk, task) => emit("output", { task: task.name, stream, text: toText(chunk) }),
    warn: (message, task) => emit("warning", { task: task?.name, message }),
    runStarted: ({ runId, file, tasks, resumed }) =>
      emit("run_started", { run: runId, file, resumed, tasks: tasks.map(({ name }) => name) }),
    taskStarted: (task, at) => emit("task_started", { task: task.name }, at),
    taskRetries: (task, { attempt, delay, message }, at) =>
      emit("task_retries", { task: task.name, attempt, delay_ms: Math.round(delay), message }, at),
    taskEnded: ({ task, status, message, error, durationMs, attempts }, _tail, at) => {
      const fields = { task: task.name, status, message, attempts, duration_ms: Math.round(durationMs) };
      emit("task_ended", { ...fields, ...(error instanceof ScriptError && describeError(error)) }, at);
    },
    runEnded: ({ runId, results, problems, exitCode, durationMs }) =>
      emit("run_ended", {
        run: runId,
        ...countResults(results),
        problems,
        exit_code: exitCode,
        duration_ms: Math.round(durationMs),
        nothing_to_do:
          exitCode === 0 && results.every(({ status, earlier }) => earlier || status === "skipped"),
      }),
    interrupted: (runId) => emit("run_interrupted", { run: runId }),
    scriptFailed: (error) =>
      emit("script_failed", {
        message: messageOf(error),
        ...(error instanceof ScriptError && describeError(error)),
      }),
    close: () => undefined,
  };
}

/** The one event of the resume of a run that had ended well. */
export function printNothingLeft(runId: string, tasks: readonly TaskRecord[]): void {
  const done = tasks.filter(({ status }) => status === "ok").length;
  const counts = { done, skipped: tasks.length - done, failed: 0, earlier: done };
  const rest = { problems: [], exit_code: 0, duration_ms: 0, nothing_to_do: true };
  emit("run_ended", { run: runId, ...counts, ...rest });
}

function emit(event: string, fields: Readonly<Record<string, unknown>>, at = Date.now()): void {
  printWhole(STDOUT, `${JSON.stringify({ event, time: new Date(at).toISOString(), ...fields })}\n`);
}

function describeError({ code, reason, position, frames }: ScriptError): Readonly<Record<string, unknown>> {
  return { error: { code, message: reason, at: position, traceback: frames } };
}

function toText(data: string | Uint8Array): string {
  return typeof data === "string" ? data : Buffer.from(data).toString("utf8");
}
