import type { Entry } from "../../backends/backend.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { type End, endOf, entryOfLine, type Header, headerOf } from "./line.ts";
import { splitLines } from "./split-lines.ts";

export interface ReadOptions {
  /** What is read, for messages: a file's name. */
  readonly name: string;
  /** The time that entries without times get, in ms since the epoch. */
  readonly now: number;
  /** Bytes that an encoded value may have. */
  readonly maxBytes: number;
  /** Takes lines that were changed or written by hand: header and end may be absent or wrong. */
  readonly unchecked: boolean;
}

/**
 * Reads an export, line by line, in constant memory. Everything that is wrong with it raises `invalid` with the number
 * of the line; that lines are missing shows only at the end.
 */
export class ExportReader {
  /** Undefined only where an unchecked one has none. */
  readonly header: Header | undefined;
  readonly #lines: Iterator<Uint8Array>;
  readonly #options: ReadOptions;
  readonly #hasher = new Bun.CryptoHasher("sha256");
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #first: unknown;
  /** The newest line. It goes into the hash with the next one: the end itself is not part of it. */
  #newest: Uint8Array | undefined;
  #number = 0;
  /** The line of each key, where it is not known that a key comes but once. */
  readonly #places = new Map<string, number>();

  constructor(chunks: Iterable<Uint8Array>, options: ReadOptions) {
    this.#options = options;
    this.#lines = splitLines(chunks)[Symbol.iterator]();
    this.#first = this.#next()?.line;
    if (this.#first === undefined) {
      if (options.unchecked) return;
      throw this.#invalid("it is empty");
    }
    try {
      this.header = headerOf(this.#first);
      this.#first = undefined;
    } catch (error) {
      if (!options.unchecked) throw this.#at(error);
    }
  }

  /** The entries, in the order of the lines. To be iterated once, to its end. */
  *entries(): Generator<Omit<Entry, "revision">> {
    const { unchecked } = this.#options;
    let entries = 0;
    if (this.#first !== undefined) {
      yield this.#entry(this.#first);
      entries++;
    }
    for (;;) {
      const next = this.#next();
      if (next === undefined) {
        if (unchecked) return;
        throw this.#invalid(
          `it breaks off after ${entries} entries: the line that ends an export is missing`,
        );
      }
      const end = this.#end(next.line);
      if (end === undefined) {
        yield this.#entry(next.line);
        entries++;
      } else {
        if (!unchecked) this.#checkEnd(end, entries);
        return;
      }
    }
  }

  #checkEnd({ entries, sha256 }: End, found: number): void {
    if (entries !== found) throw this.#invalid(`it has ${found} entries, but its end says ${entries}`);
    if (sha256 !== this.#hasher.digest("hex")) {
      throw this.#invalid(
        "its lines are not those that were written. If they were changed on purpose: --unchecked",
      );
    }
    if (!this.#lines.next().done) throw this.#invalid("something follows its end");
  }

  #next(): { line: unknown } | undefined {
    if (this.#newest !== undefined) this.#hasher.update(this.#newest).update("\n");
    const { value, done } = this.#lines.next();
    this.#newest = done ? undefined : value;
    if (done) return undefined;
    this.#number++;
    try {
      return { line: JSON.parse(this.#decoder.decode(value)) };
    } catch (error) {
      if (isDatabase(value))
        throw this.#invalid("it is a database. One of Sloth Runner: --from sloth", error);
      const why = error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
      throw this.#at(new RunnerError("invalid", why, { cause: error }));
    }
  }

  #end(line: unknown): End | undefined {
    try {
      return endOf(line);
    } catch (error) {
      throw this.#at(error);
    }
  }

  #entry(line: unknown): Omit<Entry, "revision"> {
    try {
      const entry = entryOfLine(line, this.#options.now, this.#options.maxBytes);
      if (this.#options.unchecked) this.#checkOnce(entry.key);
      return entry;
    } catch (error) {
      throw this.#at(error);
    }
  }

  /** Where lines are written by hand, the same key may come twice. */
  #checkOnce(key: string): void {
    const before = this.#places.get(key);
    if (before !== undefined) {
      throw new RunnerError("invalid", `${JSON.stringify(key)} comes a second time, after line ${before}`);
    }
    this.#places.set(key, this.#number);
  }

  #at(error: unknown): RunnerError {
    return this.#invalid(`line ${this.#number}: ${messageOf(error).replace(/\.$/, "")}`, error);
  }

  #invalid(why: string, cause?: unknown): RunnerError {
    const message = `Cannot import "${this.#options.name}": ${why}. Nothing was changed.`;
    return new RunnerError("invalid", message, { cause });
  }
}

/** Whether a file begins as those of SQLite do, https://sqlite.org/fileformat.html#magic_header_string */
function isDatabase(line: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(line.subarray(0, 16)) === "SQLite format 3\0";
}
