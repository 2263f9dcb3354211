import { resolve } from "node:path";
import { fromBytes } from "../lib/bytes.ts";
import { guardChild, signalGroup } from "../lib/children.ts";
import { DURATION_SYNTAX, parseDuration } from "../lib/duration.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { Arguments, isRecord, type Options, toNumber } from "./arguments.ts";
import type { CurrentContext } from "./context.ts";
import type { LuaModule, LuaRecord } from "./module.ts";

const OPTIONS = ["cwd", "env", "stdin", "timeout", "shell", "check"] as const;
type ExecOptions = Options<(typeof OPTIONS)[number]>;

/** How long a command that was told to stop may take before it is killed, in ms. */
const STOP_GRACE = 2000;

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
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Milliseconds until its whole process group is stopped. */
  readonly timeout?: number;
}

/** The argv of a command line for the shell. */
export function shellCommand(line: string, shell = "/bin/sh"): string[] {
  return [shell, "-c", line];
}

/**
 * Runs a command to its end and collects its output. Raises `not_found` when there is no such program or folder and
 * `timeout` when it took too long; a non-zero exit is a result.
 */
export async function runCommand(command: CommandSpec): Promise<CommandResult> {
  const child = spawn(command);
  guardChild(child);
  let timedOut = false;
  let killTimer: Timer | undefined;
  const timer =
    command.timeout === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          signalGroup(child.pid, "SIGTERM");
          killTimer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_GRACE);
        }, command.timeout);
  try {
    const [stdout, stderr, exitCode] = await Promise.all([
      child.stdout.bytes(),
      child.stderr.bytes(),
      child.exited,
    ]);
    if (timedOut) {
      throw new RunnerError(
        "timeout",
        `Cannot finish ${JSON.stringify(command.argv.join(" "))}: stopped after ${(command.timeout ?? 0) / 1000} s.`,
      );
    }
    return {
      stdout: fromBytes(stdout),
      stderr: fromBytes(stderr),
      exitCode,
    };
  } finally {
    clearTimeout(timer);
    clearTimeout(killTimer);
  }
}

/**
 * Runs a shell command to its end and hands on what it writes as it comes; returns its exit code.
 * Raises `not_found` when the folder does not exist.
 */
export async function runShellLine(
  line: string,
  cwd: string,
  onOutput: (stream: "stdout" | "stderr", chunk: Uint8Array) => void,
): Promise<number> {
  const child = spawn({ argv: shellCommand(line), cwd });
  guardChild(child);
  const forward = async (stream: "stdout" | "stderr") => {
    for await (const chunk of child[stream]) onOutput(stream, chunk);
  };
  await Promise.all([forward("stdout"), forward("stderr")]);
  return child.exited;
}

function spawn(command: CommandSpec) {
  try {
    return Bun.spawn([...command.argv], {
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
      stdin: command.stdin === undefined ? "ignore" : Buffer.from(command.stdin),
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
  } catch (error) {
    throw new RunnerError(
      "not_found",
      `Cannot run "${command.argv[0]}" in ${command.cwd}: ${messageOf(error)}. Is it installed and on PATH?`,
      { cause: error },
    );
  }
}

/** The Lua module `exec`. */
export function createExecModule(current: CurrentContext): LuaModule {
  return {
    name: "exec",
    functions: {
      run: (...values) => {
        const args = new Arguments("exec.run", values);
        const options = args.options(1, OPTIONS);
        const command: CommandSpec = {
          argv: argvOf(args, options),
          cwd: resolve(current().cwd, options.string("cwd") ?? ""),
          ...environment(options),
          ...standardInput(options),
          ...timeLimit(options),
        };
        const check = options.boolean("check") ?? false;
        return runCommand(command).then((result) => {
          if (check && result.exitCode !== 0) throw failed(command, result);
          return {
            stdout: result.stdout,
            stderr: result.stderr,
            exit_code: result.exitCode,
            success: result.exitCode === 0,
          };
        });
      },
    },
  };
}

function argvOf(args: Arguments, options: ExecOptions): string[] {
  const command = args.values[0];
  if (typeof command === "string") return shellCommand(command, options.string("shell"));
  if (!Array.isArray(command) || command.length === 0) {
    return args.refuse(0, "command", "a command line or a list of a program and its arguments");
  }
  return command.map((word, i) => {
    if (typeof word === "string") return word;
    const number = toNumber(word);
    if (number === undefined) return args.fail(`argument 1 (command): item ${i + 1} is not a string`);
    return String(number);
  });
}

function environment(options: ExecOptions): { env?: Record<string, string> } {
  const env = options.raw("env");
  if (env === undefined) return {};
  if (!isRecord(env)) return options.refuse("env", "a table of strings");
  return {
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, text(options, value)])),
  };
}

function text(options: ExecOptions, value: LuaRecord[string]): string {
  if (typeof value === "string") return value;
  const number = toNumber(value);
  return number === undefined ? options.refuse("env", "a table of strings") : String(number);
}

function standardInput(options: ExecOptions): { stdin?: string | Uint8Array } {
  const stdin = options.raw("stdin");
  if (stdin === undefined) return {};
  if (typeof stdin === "string" || stdin instanceof Uint8Array) return { stdin };
  return options.refuse("stdin", "a string");
}

function timeLimit(options: ExecOptions): { timeout?: number } {
  const given = options.raw("timeout");
  if (given === undefined) return {};
  const timeout = parseDuration(typeof given === "string" ? given : (toNumber(given) ?? Number.NaN));
  return timeout === undefined ? options.refuse("timeout", DURATION_SYNTAX) : { timeout };
}

function failed(command: CommandSpec, result: CommandResult): RunnerError {
  const lines = Buffer.from(result.stderr).toString("utf8").trim().split("\n");
  const last = lines.at(-1) ? `: ${lines.at(-1)}` : "";
  return new RunnerError(
    "task_failed",
    `${JSON.stringify(command.argv.at(-1))} ended with exit code ${result.exitCode}${last}`,
  );
}
