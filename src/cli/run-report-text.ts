import { formatSize } from "../lib/size.ts";
import { isTerminal, printWhole, STDERR, STDOUT, sharesOutput } from "../lib/stdio.ts";
import { plural } from "../lib/text.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { LiveView } from "./live-view.ts";
import type { Style } from "./output.ts";
import { renderProgress } from "./progress.ts";
import {
  columnsFor,
  renderFailure,
  renderLog,
  renderResult,
  renderRetry,
  renderScriptError,
  renderSummary,
} from "./render-run.ts";
import { type RunReport, UNSEEN } from "./run-report.ts";
import { type Grouping, type Stream, TaskOutput } from "./task-output.ts";

export interface TextOptions {
  /** Colours for stderr, where all but the scripts' own output goes. */
  readonly style: Style;
  readonly sources: () => SourceLoader | undefined;
  /** Whether only what tasks print and failures are shown. */
  readonly quiet: boolean;
  readonly grouping: Grouping;
  /** The command line that takes a run up again. */
  readonly resume: (runId: string) => string;
}

/** A run as a person reads it: what scripts print on stdout, the rest on stderr. */
export function createTextReport({ style, sources, quiet, grouping, resume }: TextOptions): RunReport {
  let live: LiveView | undefined;
  let columns = columnsFor([]);
  /** Where the last line stands that is not over, if there is no live view. */
  let openLine: number | undefined;
  let isShared: boolean | undefined;
  const write = (fd: number, data: string | Uint8Array) => {
    if (live === undefined) {
      printWhole(fd, data);
      if (data.length > 0) openLine = endsLine(data) ? undefined : fd;
    } else live.around(data, () => printWhole(fd, data));
  };
  const isMidLine = () => {
    if (live !== undefined) return live.isMidLine;
    if (openLine !== STDOUT) return openLine === STDERR;
    isShared ??= sharesOutput();
    return isShared;
  };
  const output = new TaskOutput(grouping, write);
  const note = (text: string) => write(STDERR, `${isMidLine() ? "\n" : ""}${text}\n`);
  const tails = new Map<string, string>();
  const said = (task: string | undefined, stream: Stream, data: string | Uint8Array) => {
    live?.said(task, data);
    output.add(task, stream, data);
  };
  return {
    print: (text, { task }, stream) => {
      // The way of a plain script, which has neither tasks nor a live view.
      if (task === undefined && live === undefined) write(stream === "stdout" ? STDOUT : STDERR, text);
      else said(task, stream, text);
    },
    asks: () => output.ask(),
    log: (record, { task }) => {
      live?.said(task, record.message);
      output.add(task, "stderr", `${renderLog(record, style)}\n`);
    },
    progress: (what, total, { task }) => {
      if (quiet || !canRedraw()) return UNSEEN;
      live ??= new LiveView(style, columns);
      if (task === undefined) live.start(what);
      let done = 0;
      return {
        advance(bytes) {
          done += bytes;
          live?.said(
            task ?? what,
            renderProgress({ what: task === undefined ? "" : what, done, total, show: formatSize }),
          );
        },
        [Symbol.dispose]: () => task === undefined && live?.end(what),
      };
    },
    output: (stream, chunk, task) => said(task.name, stream, chunk),
    warn: (message, task) =>
      note(`${style.bold("warn ")} ${task === undefined ? "" : `${task.name}: `}${message}`),
    runStarted: ({ runId, file, tasks, resumed }) => {
      columns = columnsFor(tasks);
      if (quiet) return;
      const again = resumed ? " · taken up again" : "";
      note(`${style.dim(`runner · ${file} · ${plural(tasks.length, "task")} · run ${runId}${again}`)}\n`);
      if (canRedraw()) live = new LiveView(style, columns);
    },
    taskStarted: (task) => live?.start(task.name),
    taskRetries: (task, retry) => quiet || note(renderRetry(task, retry, style, columns)),
    taskEnded: (result, tail) => {
      const { name } = result.task;
      live?.end(name);
      output.end(name);
      if (result.status === "failed" && tail !== undefined) tails.set(name, tail);
      if (!quiet) note(renderResult(result, style, columns));
    },
    runEnded: (summary) => {
      live?.close();
      live = undefined;
      output.endAll();
      for (const result of summary.results) {
        if (result.status !== "failed") continue;
        note(`\n${renderFailure(result, { style, sources: sources(), tail: tails.get(result.task.name) })}`);
      }
      for (const problem of summary.problems) note(`\n${style.failure("The run failed")}: ${problem}`);
      if (!quiet) note(`\n${renderSummary(summary)}`);
      if (!summary.unfinished) return;
      const when = summary.exitCode === 0 ? "Do what is left" : "Take it up again after the fix";
      note(`${when}: ${resume(summary.runId)}`);
    },
    runFailed: () => undefined,
    runStopped: () => undefined,
    interrupted: (runId, why) => {
      live?.close();
      live = undefined;
      output.endAll();
      note(`\n${why}. Take it up again: ${resume(runId)}`);
    },
    scriptFailed: (error) => note(renderScriptError(error, style, sources())),
    close: () => {
      live?.close();
      live = undefined;
    },
  };
}

function endsLine(data: string | Uint8Array): boolean {
  return data.at(-1) === "\n" || data.at(-1) === NEWLINE;
}

const NEWLINE = 10;

/** Whether lines of stderr can be taken back. */
function canRedraw(): boolean {
  return process.env.TERM !== "dumb" && isTerminal(STDERR);
}
