import { RunnerError } from "../lib/errors.ts";
import type { Position } from "./task.ts";

/** Collects all that is wrong with a file, so that it is reported together. */
export class Problems {
  readonly #found: { readonly at: Position; readonly text: string }[] = [];

  /** Notes a mistake and where it stands. */
  add(at: Position, text: string): void {
    this.#found.push({ at, text });
  }

  /** Raises `invalid` with every mistake, a line each with its position, in the order of the lines. */
  raise(): void {
    if (this.#found.length === 0) return;
    const lines = this.#found
      // On one line by their text: the order in which Lua walks over a table is a different one each time.
      .toSorted((a, b) => a.at.line - b.at.line || (a.text < b.text ? -1 : 1))
      .map(({ at, text }) => `Cannot load ${showPosition(at)}: ${text}`);
    throw new RunnerError("invalid", lines.join("\n"));
  }
}

/** `file:line`, or the file alone where nobody knows the line. */
export function showPosition({ source, line }: Position): string {
  return line > 0 ? `${source}:${line}` : source;
}
