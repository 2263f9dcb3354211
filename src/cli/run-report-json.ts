import { messageOf } from "../lib/errors.ts";
import { printWhole, STDOUT } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import { countResults, type RunReport, UNSEEN } from "./run-report.ts";

/** A run as one JSON object a line on stdout, and nothing else there. */
export function createJsonReport(): RunReport {
  const emit = (event: string, fields: Readonly<Record<string, unknown>>) =>
    printWhole(STDOUT, `${JSON.stringify({ event, time: new Date().toISOString(), ...fields })}\n`);
  return {
    print: (text, { task }) => emit("output", { task, stream: "stdout", text: toText(text) }),
    log: (record, { task }) => emit("log", { task, ...record }),
    progress: () => UNSEEN,
    output: (stream, chunk, task) => emit("output", { task: task.name, stream, text: toText(chunk) }),
    warn: (message, task) => emit("warning", { task: task?.name, message }),
    runStarted: ({ runId, file, tasks, resumed }) =>
      emit("run_started", { run: runId, file, resumed, tasks: tasks.map(({ name }) => name) }),
    taskStarted: (task) => emit("task_started", { task: task.name }),
    taskRetries: (task, { attempt, delay, message }) =>
      emit("task_retries", { task: task.name, attempt, delay_ms: Math.round(delay), message }),
    taskEnded: ({ task, status, message, error, durationMs, attempts }) =>
      emit("task_ended", {
        task: task.name,
        status,
        message,
        attempts,
        duration_ms: Math.round(durationMs),
        ...(error instanceof ScriptError && describeError(error)),
      }),
    runEnded: ({ runId, results, problems, exitCode, durationMs }) =>
      emit("run_ended", {
        run: runId,
        ...countResults(results),
        problems,
        exit_code: exitCode,
        duration_ms: Math.round(durationMs),
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

function describeError({ code, reason, position, frames }: ScriptError): Readonly<Record<string, unknown>> {
  return { error: { code, message: reason, at: position, traceback: frames } };
}

function toText(data: string | Uint8Array): string {
  return typeof data === "string" ? data : Buffer.from(data).toString("utf8");
}
