import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { endAs, HUNG_UP } from "../lib/ending.ts";
import { RunnerError } from "../lib/errors.ts";
import { Keys, KeysGuard } from "./repl-keys.ts";

const HISTORY_LINES = 1000;

/** What asks for a line, and for one that goes on. */
export const FIRST_PROMPT = "> ";
export const NEXT_PROMPT = ">> ";

/** What was typed was dropped by Ctrl-C. */
export const INTERRUPTED = Symbol("interrupted");

/** Where lines come from. */
export interface Prompt extends AsyncDisposable {
  /** The next line; undefined at the end. */
  ask(text: string): Promise<string | typeof INTERRUPTED | undefined>;
  /** Does something that Ctrl-C ends: `signal` is aborted then. */
  during<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** What a script reads from standard input meanwhile; undefined when that is not a terminal. */
  readonly readInput: (() => Uint8Array) | undefined;
}

/** What completes a line: the candidates, and the part of the line that they take the place of. */
type Complete = (line: string) => Promise<[string[], string]>;

/** Lines from a person, with history and completion, or from a pipe. */
export function openPrompt({
  interactive,
  home,
  complete: completer,
}: {
  interactive: boolean;
  /** Where the history is kept; nowhere without it. */
  home: string | undefined;
  complete: Complete;
}): Prompt {
  const file = home === undefined || !interactive ? undefined : join(home, "repl_history");
  const lines = createInterface({
    input: process.stdin,
    ...(interactive && {
      output: process.stdout,
      terminal: true,
      history: file === undefined ? [] : readHistory(file),
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, found: [string[], string]) => void) =>
        void completer(line).then((found) => done(null, found)),
    }),
  });
  if (interactive) endWithTerminal();
  lines.on("history", (newestFirst: string[]) => {
    // At once: a script that computes without end takes the session with it.
    if (file !== undefined) saveHistory(file, newestFirst);
  });
  // Pasted lines arrive together, while the first of them still runs.
  const waiting: (string | typeof INTERRUPTED)[] = [];
  let wake = Promise.withResolvers<void>();
  let ended = false;
  let working: AbortController | undefined;
  let keys: Keys | undefined;
  // Its thread has to be there before a line runs: nobody could start it then.
  const guard = interactive ? new KeysGuard(giveBack) : undefined;
  // Whether Ctrl-C was the last key, with nothing to drop: again, and it ends the session.
  let isLeaving = false;
  lines.on("line", (line) => {
    isLeaving = false;
    waiting.push(line);
    wake.resolve();
  });
  lines.on("close", () => {
    ended = true;
    wake.resolve();
  });
  lines.on("SIGINT", () => {
    waiting.length = 0;
    if (working !== undefined) {
      interrupt();
      return;
    }
    const isEmpty = lines.line === "" && lines.getPrompt() === FIRST_PROMPT;
    if (isEmpty && isLeaving) {
      process.stdout.write("\n");
      lines.close();
      return;
    }
    isLeaving = isEmpty;
    process.stdout.write(isEmpty ? "\n(Ctrl-C again or Ctrl-D ends)\n" : "^C\n");
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
    waiting.push(INTERRUPTED);
    wake.resolve();
  });
  return {
    async ask(text) {
      if (interactive && !ended) {
        lines.setPrompt(text);
        // What was typed ahead stays where it is.
        lines.prompt(true);
      }
      while (waiting.length === 0 && !ended) {
        await wake.promise;
        wake = Promise.withResolvers();
      }
      return waiting.shift();
    },
    async during(act) {
      working = new AbortController();
      if (guard === undefined) return await act(working.signal);
      using pressed = new Keys(guard, interrupt);
      keys = pressed;
      // Without a terminal to ask, Ctrl-C has to be a signal.
      if (!pressed.canAsk) setRaw(false);
      const work = act(working.signal);
      if (!pressed.canAsk) setRaw(true);
      try {
        return await work;
      } finally {
        working = keys = undefined;
        giveBack(pressed.take());
      }
    },
    readInput: interactive ? () => keys?.readLine() ?? Buffer.alloc(0) : undefined,
    async [Symbol.asyncDispose]() {
      lines.close();
    },
  };

  /** Has readline take what was typed. */
  function giveBack(typed: string): void {
    if (!ended) lines.write(typed);
  }

  function interrupt(): void {
    working?.abort(new RunnerError("interrupted", "Interrupted."));
  }
}

/** Ends this process when its terminal has gone, of which readline would only complain. */
function endWithTerminal(): void {
  const hangUp = () => endAs(HUNG_UP);
  for (const event of ["end", "error"]) process.stdin.prependListener(event, hangUp);
  process.stdout.on("error", hangUp);
}

function setRaw(raw: boolean): void {
  process.stdin.setRawMode(raw);
}

/** Candidates for the name at the end of a line; `names` gives those of a table by its path. */
export async function complete(
  line: string,
  names: (path: string) => Promise<string[]>,
): Promise<[string[], string]> {
  const word = /[A-Za-z_][\w.]*$/.exec(line)?.[0] ?? "";
  // What an expression has is known only when it has run.
  if (/[.:]$/.test(line.slice(0, line.length - word.length))) return [[], word];
  const dot = word.lastIndexOf(".");
  const path = dot < 0 ? "" : word.slice(0, dot);
  const found = (await names(path)).map((name) => (path === "" ? name : `${path}.${name}`));
  return [found.filter((name) => name.startsWith(word)), word];
}

/** The newest line first, as readline wants it. */
function readHistory(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).reverse() : [];
}

function saveHistory(file: string, newestFirst: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // What was typed may hold secrets.
    writeFileSync(file, `${[...newestFirst].reverse().join("\n")}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch {
    // No history is no reason for an error.
  }
}
