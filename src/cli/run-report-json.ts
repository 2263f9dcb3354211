import { messageOf, RunnerError } from "../lib/errors.ts";
import { printWhole, STDOUT } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { TaskRecord } from "../tasks/journal-record.ts";
import type { TaskResult } from "../tasks/task.ts";
import { toPlain } from "./json.ts";
import { describeError, markTold } from "./json-error.ts";
import { countResults, type RunReport, type RunSummary, UNSEEN } from "./run-report.ts";

/** A run as one JSON object a line on stdout, and nothing else there. */
export function createJsonReport(): RunReport {
  let isOver = false;
  const tell: typeof emit = (event, fields, at) => {
    // Of what is being stopped, more may come.
    if (!isOver) emit(event, fields, at);
  };
  /** The run that is under way. */
  let run: { readonly id: string; readonly began: number; readonly results: TaskResult[] } | undefined;
  const end = ({ runId, results, problems, exitCode, durationMs }: Omit<RunSummary, "unfinished">) => {
    run = undefined;
    tell("run_ended", {
      run: runId,
      ...countResults(results),
      problems,
      exit_code: exitCode,
      duration_ms: Math.round(durationMs),
      nothing_to_do:
        exitCode === 0 && results.every(({ status, earlier }) => earlier || status === "skipped"),
    });
  };
  /** The run ends before its tasks have. */
  const cutOff = (exitCode: number, problem: string) => {
    if (run === undefined) return;
    const { id: runId, began, results } = run;
    end({ runId, results, problems: [problem], exitCode, durationMs: performance.now() - began });
    isOver = true;
  };
  return {
    print: (text, { task }, stream) => tell("output", { task, stream, text: toText(text) }),
    asks: () => undefined,
    log: ({ level, message, fields }, { task }) =>
      tell("log", { task, level, message, fields: toPlain({ ...fields }) }),
    progress: () => UNSEEN,
    output: (stream, chunk, task) => tell("output", { task: task.name, stream, text: toText(chunk) }),
    warn: (message, task) => tell("warning", { task: task?.name, message }),
    runStarted: ({ runId, file, tasks, resumed }, at) => {
      run = { id: runId, began: performance.now(), results: [] };
      tell("run_started", { run: runId, file, resumed, tasks: tasks.map(({ name }) => name) }, at);
    },
    taskStarted: (task, at) => tell("task_started", { task: task.name }, at),
    taskRetries: (task, { attempt, delay, message }, at) =>
      tell("task_retries", { task: task.name, attempt, delay_ms: Math.round(delay), message }, at),
    taskEnded: (result, _tail, at) => {
      const { task, status, message, error, durationMs, attempts } = result;
      run?.results.push(result);
      const fields = { task: task.name, status, message, attempts, duration_ms: Math.round(durationMs) };
      tell("task_ended", { ...fields, ...(error instanceof ScriptError && describeScript(error)) }, at);
    },
    runEnded: end,
    runFailed: (runId, error, exitCode) => {
      run ??= { id: runId, began: performance.now(), results: [] };
      if (error instanceof RunnerError && error.code !== "bug") {
        markTold(error);
        tell("script_failed", describeError(error));
      }
      cutOff(exitCode, messageOf(error));
    },
    interrupted: (runId) => tell("run_interrupted", { run: runId }),
    runStopped: (why, exitCode) => cutOff(exitCode, why),
    scriptFailed: (error) =>
      tell("script_failed", {
        message: messageOf(error),
        ...(error instanceof ScriptError && describeScript(error)),
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

function describeScript({ code, reason, position, frames }: ScriptError): Readonly<Record<string, unknown>> {
  return { error: { code, message: reason, at: position, traceback: frames } };
}

function toText(data: string | Uint8Array): string {
  return typeof data === "string" ? data : Buffer.from(data).toString("utf8");
}
