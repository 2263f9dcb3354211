import type { Subprocess } from "bun";
import { fromBytes } from "../lib/bytes.ts";
import { spawnGuarded, stopGroup } from "../lib/children.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";
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
  using _ = follow(child, command.context);
  let timedOut = false;
  const stop = () => void stopGroup(child);
  const expire = () => {
    timedOut = true;
    stop();
  };
  const callOff = command.timeout === undefined ? undefined : startTimer(command.timeout, expire);
  const collect = async (stream: "stdout" | "stderr") => {
    const { onLine } = command;
    if (onLine === undefined) return child[stream].bytes();
    try {
      return await readLines(child[stream], (line) => onLine(line, stream));
    } catch (error) {
      stop();
      throw error;
    }
  };
  try {
    const ended = await Promise.allSettled([collect("stdout"), collect("stderr"), child.exited]);
    const failed = ended.find((part) => part.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    if (timedOut) {
      throw new RunnerError(
        "timeout",
        `Cannot finish ${JSON.stringify(command.argv.join(" "))}: stopped after ${(command.timeout ?? 0) / 1000} s.`,
      );
    }
    const [stdout, stderr, exitCode] = ended.map((part) => (part.status === "fulfilled" ? part.value : 0));
    return { stdout: asContent(stdout), stderr: asContent(stderr), exitCode: Number(exitCode) };
  } finally {
    callOff?.();
  }
}

function asContent(output: Uint8Array | number | undefined): string | Uint8Array {
  return output instanceof Uint8Array ? fromBytes(output) : "";
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
  using _ = follow(child, context);
  const forward = async (stream: "stdout" | "stderr") => {
    for await (const chunk of child[stream]) onOutput(stream, chunk);
  };
  await Promise.all([forward("stdout"), forward("stderr")]);
  const exitCode = await child.exited;
  context.signal?.throwIfAborted();
  return exitCode;
}

/** Stops a child when what it belongs to has to end, which in turn has not ended before the child. */
function follow(child: Subprocess, context: CallContext | undefined): Disposable {
  const { signal, running } = context ?? {};
  const stop = () => void stopGroup(child);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  const { exited } = child;
  running?.add(exited);
  void exited.finally(() => running?.delete(exited));
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", stop) };
}

function spawn(command: CommandSpec) {
  try {
    return spawnGuarded(() =>
      Bun.spawn([...command.argv], {
        cwd: command.cwd,
        env: { ...process.env, ...command.context?.env, ...command.env },
        stdin: command.stdin === undefined ? "ignore" : Buffer.from(command.stdin),
        stdout: "pipe",
        stderr: "pipe",
        detached: true,
      }),
    );
  } catch (error) {
    throw new RunnerError(
      "not_found",
      `Cannot run "${command.argv[0]}" in ${command.cwd}: ${messageOf(error)}. Is it installed and on PATH?`,
      { cause: error },
    );
  }
}
