import { statSync } from "node:fs";
import type { Subprocess } from "bun";
import { fromBytes } from "../lib/bytes.ts";
import { spawnGuarded, stopGroup } from "../lib/children.ts";
import { messageOf, RunnerError, systemReason } from "../lib/errors.ts";
import { guardGroup } from "../lib/guard.ts";
import { lookWhileComputing } from "../lib/lookout.ts";
import { startTimer } from "../lib/timer.ts";
import type { CallContext } from "./context.ts";

/** What came of a command. */
export interface CommandResult {
  readonly stdout: string | Uint8Array;
  readonly stderr: string | Uint8Array;
  readonly exitCode: number;
}

/** A command to run; `argv` is executed as it stands. */
export interface CommandSpec {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | Uint8Array | undefined;
  /** Milliseconds until its whole process group is stopped. */
  readonly timeout?: number | undefined;
  /** Whose command it is: its environment, and what stops the command's whole process group. */
  readonly context?: CallContext | undefined;
  /** Gets each line while the command runs; the next one comes when the promise is settled. */
  readonly onLine?:
    | ((line: string | Uint8Array, stream: "stdout" | "stderr") => Promise<unknown>)
    | undefined;
}

/** The argv of a command line for the shell. */
export function shellCommand(line: string, shell = "/bin/sh"): string[] {
  return [shell, "-c", line];
}

/**
 * Runs a command to its end and collects its output. Raises `not_found` when there is no such program or folder and
 * `timeout` when it took too long; a non-zero exit is a result. When `onLine` rejects, the command is stopped.
 */
export async function runCommand(command: CommandSpec): Promise<CommandResult> {
  const child = spawn(command);
  using following = follow(child, command.context);
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    following.stop();
  };
  const { timeout } = command;
  const callOff = timeout === undefined ? undefined : startDeadline(timeout, () => fail(tooLong(command)));
  const collect = async (stream: "stdout" | "stderr") => {
    const { onLine } = command;
    if (onLine === undefined) return child[stream].bytes();
    return readLines(child[stream], (line) => onLine(line, stream)).catch((error) => {
      fail(error);
      return new Uint8Array();
    });
  };
  try {
    const whole = Promise.all([collect("stdout"), collect("stderr"), child.exited]);
    const ended = await Promise.race([whole, following.stopped]);
    if (failure !== undefined) throw failure.error;
    if (ended === undefined) throw command.context?.signal?.reason;
    const [stdout, stderr, exitCode] = ended;
    return { stdout: fromBytes(stdout), stderr: fromBytes(stderr), exitCode };
  } finally {
    callOff?.();
  }
}

/** Calls back once the time is over, also while a script computes; what comes back calls it off. */
function startDeadline(ms: number, callback: () => void): () => void {
  const deadline = performance.now() + ms;
  const stopTimer = startTimer(ms, callback);
  const stopLooking = lookWhileComputing(() => {
    if (performance.now() >= deadline) callback();
  });
  return () => {
    stopTimer();
    stopLooking();
  };
}

function tooLong({ argv, timeout = 0 }: CommandSpec): RunnerError {
  const command = JSON.stringify(argv.join(" "));
  return new RunnerError("timeout", `Cannot finish ${command}: stopped after ${timeout / 1000} s.`);
}

/** Reads a stream to its end, handing on line by line without the line ends; returns all of it. */
async function readLines(
  stream: AsyncIterable<Uint8Array>,
  onLine: (line: string | Uint8Array) => Promise<unknown>,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let open = Buffer.alloc(0);
  for await (const chunk of stream) {
    chunks.push(chunk);
    open = Buffer.concat([open, chunk]);
    for (let end = open.indexOf("\n"); end >= 0; end = open.indexOf("\n")) {
      await onLine(fromBytes(open.subarray(0, end)));
      open = open.subarray(end + 1);
    }
  }
  if (open.length > 0) await onLine(fromBytes(open));
  return Buffer.concat(chunks);
}

/**
 * Runs a shell command in the folder of its context to its end and hands on what it writes as it comes; returns its
 * exit code. Raises `not_found` when the folder does not exist, and the reason of the context's signal when that has
 * stopped the command.
 */
export async function runShellLine(
  line: string,
  context: CallContext,
  onOutput: (stream: "stdout" | "stderr", chunk: Uint8Array) => void,
): Promise<number> {
  const child = spawn({ argv: shellCommand(line), cwd: context.cwd, context });
  using following = follow(child, context);
  const whole = Promise.all([
    handOn(child.stdout, (chunk) => onOutput("stdout", chunk)),
    handOn(child.stderr, (chunk) => onOutput("stderr", chunk)),
    child.exited,
  ]);
  await Promise.race([whole, following.stopped]);
  context.signal?.throwIfAborted();
  return child.exited;
}

/** Reads a stream to its end, chunk by chunk; a reader costs a small command less than iterating does. */
async function handOn(
  stream: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) onChunk(read.value);
  } catch (error) {
    // Nobody reads on: the command should see that and not wait for ever to be rid of what it writes.
    await reader.cancel(error);
    throw error;
  }
}

/**
 * Starts a shell command in the folder of its context, for whoever reads its output, or writes what it reads. It is stopped
 * when the context's signal says so, nobody waits for its end, and it does not outlast this process.
 */
export function startShellLine(line: string, context: CallContext, input: "ignore" | "pipe") {
  const { running: _, ...rest } = context;
  const child = spawn({ argv: shellCommand(line), cwd: context.cwd, context }, input);
  guardGroup(child.pid);
  const following = follow(child, rest);
  void child.exited.finally(() => following[Symbol.dispose]());
  return child;
}

/** How long, in ms, the output of a group that was stopped is still read: who left the group may keep the pipe open. */
const PIPE_GRACE = 100;

/** A child that is stopped when what it belongs to has to end, which in turn has not ended before the child. */
interface Following extends Disposable {
  /** Stops its whole group. */
  stop(): void;
  /** Resolves when the group was stopped and there is no more to wait for. */
  readonly stopped: Promise<undefined>;
}

function follow(child: Subprocess, context: CallContext | undefined): Following {
  const { signal, running } = context ?? {};
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void stopGroup(child).then(() => setTimeout(resolve, PIPE_GRACE));
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  const { exited } = child;
  running?.add(exited);
  if (running !== undefined) void exited.then(() => running.delete(exited));
  return { stop, stopped, [Symbol.dispose]: () => signal?.removeEventListener("abort", stop) };
}

function spawn(command: CommandSpec, input: "ignore" | "pipe" = "ignore") {
  const added = { ...command.context?.env, ...command.env };
  if ([command.argv, Object.keys(added), Object.values(added)].some((texts) => texts.some(hasNul))) {
    const message = `Cannot run ${shown(command)}: neither a command nor its environment can have a NUL byte in it.`;
    throw new RunnerError("bad_argument", message);
  }
  const badName = Object.keys(added).find((name) => name === "" || name.includes("="));
  if (badName !== undefined) {
    const message = `Cannot run ${shown(command)}: the environment cannot have a variable ${JSON.stringify(badName)}. A name is not empty and has no "=".`;
    throw new RunnerError("bad_argument", message);
  }
  const marker = command.context?.env?.RUNNER_TASK_ID;
  const mark = marker === undefined ? undefined : `RUNNER_TASK_ID=${marker}`;
  try {
    const start = () =>
      Bun.spawn([...command.argv], {
        cwd: command.cwd,
        // Ours goes to a child by itself; to hand one over costs a tenth of a small command.
        ...(Object.keys(added).length > 0 && { env: { ...process.env, ...added } }),
        stdin: command.stdin === undefined ? input : Buffer.from(command.stdin),
        stdout: "pipe",
        stderr: "pipe",
        detached: true,
      });
    return spawnGuarded(start, mark);
  } catch (error) {
    const problem = isFolder(command.cwd) ? whyNoProgram(error) : "there is no such folder.";
    throw new RunnerError("not_found", `Cannot run ${shown(command)} in ${command.cwd}: ${problem}`, {
      cause: error,
    });
  }
}

/** Whether a text has a byte in it that no path and no command can have. */
export function hasNul(text: string): boolean {
  return text.includes("\0");
}

/** What messages call a command: its program, or the line for the shell. */
function shown({ argv }: CommandSpec): string {
  const [program = "", option, line] = argv;
  return JSON.stringify(option === "-c" && line !== undefined ? line : program);
}

/** What is wrong with a program that cannot be started. */
function whyNoProgram(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES") return "it is no program, or this user may not run it (its mode).";
  const reason = /not found in \$PATH/.test(messageOf(error))
    ? "PATH has no such program"
    : systemReason(error);
  return `${reason}. Is it installed and on PATH?`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
