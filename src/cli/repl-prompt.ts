import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const HISTORY_LINES = 1000;

/** Where lines come from. */
export interface Prompt extends AsyncDisposable {
  /** The next line; undefined at the end. */
  ask(text: string): Promise<string | undefined>;
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
  let history: string[] = [];
  lines.on("history", (all: string[]) => {
    history = all;
  });
  // Pasted lines arrive together, while the first of them still runs.
  const waiting: string[] = [];
  let wake = Promise.withResolvers<void>();
  let ended = false;
  lines.on("line", (line) => {
    waiting.push(line);
    wake.resolve();
  });
  lines.on("close", () => {
    ended = true;
    wake.resolve();
  });
  lines.on("SIGINT", () => lines.close());
  return {
    async ask(text) {
      if (interactive) {
        lines.setPrompt(text);
        lines.prompt();
      }
      while (waiting.length === 0 && !ended) {
        await wake.promise;
        wake = Promise.withResolvers();
      }
      return waiting.shift();
    },
    async [Symbol.asyncDispose]() {
      lines.close();
      if (file !== undefined && history.length > 0) saveHistory(file, history);
    },
  };
}

/** Candidates for the name at the end of a line; `names` gives those of a table by its path. */
export async function complete(
  line: string,
  names: (path: string) => Promise<string[]>,
): Promise<[string[], string]> {
  const word = /[A-Za-z_][\w.]*$/.exec(line)?.[0] ?? "";
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
    // What was typed may hold secrets.
    writeFileSync(file, `${[...newestFirst].reverse().join("\n")}\n`, { mode: 0o600 });
  } catch {
    // No history is no reason for an error at the end of a session.
  }
}
