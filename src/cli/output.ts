import { messageOf, RunnerError } from "../lib/errors.ts";
import { hasCode, isTerminal, STDERR, STDOUT, writeWhole } from "../lib/stdio.ts";

export type OutputFormat = "text" | "json";

/** Colours a text, or gives it back as it is where colour is off. */
export interface Style {
  success(text: string): string;
  failure(text: string): string;
  /** What is secondary. */
  dim(text: string): string;
  /** Headings. */
  bold(text: string): string;
}

/**
 * Where a command prints what it has found; nothing else does. Data goes to stdout, everything else to stderr.
 * What is meant for stdout is kept until the command has ended well, so that a reader gets a whole document or
 * nothing; a command that prints while it works, such as `run`, uses `lib/stdio.ts`.
 */
export interface Output {
  readonly format: OutputFormat;
  readonly style: Style;
  /** Columns to stay within; undefined when stdout is no terminal and COLUMNS says nothing: cut nothing. */
  readonly width: number | undefined;
  /** Whether stdout is a terminal. */
  readonly terminal: boolean;
  /** Text and a line end for stdout. */
  line(text: string): void;
  /** Bytes or text as they are for stdout. */
  raw(data: string | Uint8Array): void;
  /** Prints a line to stderr, at once. */
  note(text: string): void;
  /** Prints what was kept, wholly; the edge does this. Raises the system's error when the reader went away. */
  flush(): Promise<void>;
}

/** The environment, as far as it decides on colour (no-color.org) and width. */
type Environment = Readonly<Record<string, string | undefined>>;

/** The process's own stdout and stderr. Whether stdout is a terminal is looked up only when somebody needs it. */
export function createOutput(format: OutputFormat, env: Environment): Output {
  const kept: (string | Uint8Array<ArrayBuffer>)[] = [];
  return {
    format,
    get terminal() {
      return isTerminal(STDOUT);
    },
    get style() {
      return styleOf(STDOUT, env);
    },
    get width() {
      const asked = Number(env.COLUMNS);
      if (Number.isInteger(asked) && asked > 0) return asked;
      return isTerminal(STDOUT) ? process.stdout.columns || 80 : undefined;
    },
    line: (text) => void kept.push(`${text}\n`),
    raw: (data) => void kept.push(typeof data === "string" ? data : new Uint8Array(data)),
    note: (text) => writeWhole(STDERR, `${text}\n`),
    flush: () => print(kept.splice(0)),
  };
}

/** By Bun's own means: loading `node:fs` would cost `--help` a third of its time, and threads as much. */
async function print(parts: (string | Uint8Array<ArrayBuffer>)[]): Promise<void> {
  if (parts.length === 0) return;
  try {
    const sink = Bun.stdout.writer();
    for (const part of parts) {
      // A promise for what cannot be written at once, of which Bun's types know nothing; waiting costs the other parts.
      const written: unknown = sink.write(part);
      if (written instanceof Promise) await written;
    }
    // Not its end: that would start a thread to close what the end of the process closes.
    await sink.flush();
  } catch (error) {
    if (hasCode(error, "EPIPE")) throw error;
    throw new RunnerError("unavailable", `Cannot print the result: ${messageOf(error)}.`, { cause: error });
  }
}

/** The style for what goes to a file descriptor: colour on a terminal, unless the environment is against it. */
export function styleOf(fd: number, env: Environment): Style {
  // Bun's own answer costs nothing; it is no for sure, but a yes may be for the other of stdout and stderr.
  const coloured = Bun.enableANSIColors && !env.NO_COLOR && env.TERM !== "dumb" && isTerminal(fd);
  return coloured ? COLOURED : PLAIN;
}

const PLAIN: Style = {
  success: (text) => text,
  failure: (text) => text,
  dim: (text) => text,
  bold: (text) => text,
};

const COLOURED: Style = {
  success: (text) => `\u001b[32m${text}\u001b[39m`,
  failure: (text) => `\u001b[31m${text}\u001b[39m`,
  dim: (text) => `\u001b[2m${text}\u001b[22m`,
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
};
