import type { ReadableStreamDefaultReader } from "node:stream/web";
import { fromBytes } from "../lib/bytes.ts";
import { signalGroup } from "../lib/children.ts";
import { RunnerError } from "../lib/errors.ts";
import { startShellLine } from "../modules/command.ts";
import type { CallContext } from "../modules/context.ts";

/** How much a process may write that nobody reads any more before it is ended: what a pipe would have taken. */
const PIPE_BYTES = 65_536;
/** The longest text of a number that Lua reads from a file (liolib.c, L_MAXLENNUM). */
const MOST_DIGITS = 200;
/** How much one call may read. */
const MOST_BYTES = 2 ** 30;

const SPACE = /^[ \f\n\r\t\v]*/;
/** The longest beginning that may be one of a number, as liolib.c has it. */
const NUMBER = /^[-+]?(?:0[xX][\da-fA-F]*(?:\.[\da-fA-F]*)?(?:[pP][-+]?\d*)?|\d*(?:\.\d*)?(?:[eE][-+]?\d*)?)/;

/** What one call reads: a line without or with its end, all that comes, the text of a number, or so many bytes. */
export type ReadFormat = "l" | "L" | "a" | "n" | number;

type Child = ReturnType<typeof startShellLine>;
type Text = string | Uint8Array | undefined;

/**
 * A process of `io.popen` whose output is read as the script asks for it. What nobody asks for stays in the pipe, so that
 * the process waits. It ends with the task's limit, and with this process at the latest.
 */
export class PopenReader {
  readonly #child: Child;
  readonly #output: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #unread = Buffer.alloc(0);
  #isAtEnd = false;
  #isClosed = false;

  /** @param onError gets what it writes to standard error. */
  constructor(line: string, context: CallContext, onError: (chunk: Uint8Array) => void) {
    this.#child = startShellLine(line, context, "ignore");
    this.#output = this.#child.stdout.getReader();
    void this.#forward(onError);
  }

  /** The next of its output: at once when it is there, else when it comes; undefined at the end. */
  read(format: ReadFormat): Text | Promise<Text> {
    const size = this.#sizeOf(format);
    return size === undefined ? this.#readMore(format) : this.#take(format, size);
  }

  /** Lets go of the output: as with a pipe that nobody reads, whoever goes on writing is ended. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#drain();
  }

  /** Its exit code, once it has ended. */
  end(): Promise<number> {
    return this.#child.exited;
  }

  async #readMore(format: ReadFormat): Promise<Text> {
    const chunks = [this.#unread];
    let length = this.#unread.length;
    for (;;) {
      const { value } = await this.#output.read();
      if (value === undefined) this.#isAtEnd = true;
      else chunks.push(Buffer.from(value));
      length += value?.length ?? 0;
      if (length > MOST_BYTES) {
        throw new RunnerError(
          "too_large",
          "Cannot read the output of the command at once: it is over 1 GiB. Read it line by line.",
        );
      }
      // A line that goes on is put together once, not with each part of it.
      const isOpen = (format === "l" || format === "L") && value !== undefined && !value.includes(NEWLINE);
      if (isOpen || (format === "a" && !this.#isAtEnd)) continue;
      this.#unread = Buffer.concat(chunks.splice(0));
      const size = this.#sizeOf(format);
      if (size !== undefined) return this.#take(format, size);
      chunks.push(this.#unread);
    }
  }

  /** How many of the unread bytes the call is about; undefined while more may have to come. */
  #sizeOf(format: ReadFormat): number | undefined {
    const unread = this.#unread;
    if (typeof format === "number") {
      if (unread.length >= Math.max(format, 1)) return format;
    } else if (format === "n") {
      const size = sizeOfNumber(unread);
      if (size < unread.length) return size;
    } else if (format !== "a") {
      const end = unread.indexOf(NEWLINE);
      if (end >= 0) return end + 1;
    }
    return this.#isAtEnd ? unread.length : undefined;
  }

  #take(format: ReadFormat, size: number): Text {
    if (this.#unread.length === 0 && format !== "a") return undefined;
    const taken = this.#unread.subarray(0, size);
    this.#unread = this.#unread.subarray(size);
    const hasEnd = format === "l" && taken.at(-1) === NEWLINE;
    return fromBytes(hasEnd ? taken.subarray(0, -1) : taken);
  }

  async #drain(): Promise<void> {
    const { pid, exited } = this.#child;
    const ended = exited.then(() => undefined);
    for (let left = PIPE_BYTES; left >= 0; ) {
      const read = await Promise.race([this.#output.read(), ended]);
      if (read?.value === undefined) break;
      left -= read.value.length;
      if (left < 0) signalGroup(pid, "SIGPIPE");
    }
    await this.#output.cancel();
  }

  async #forward(onError: (chunk: Uint8Array) => void): Promise<void> {
    for await (const chunk of this.#child.stderr) onError(chunk);
  }
}

const NEWLINE = 0x0a;

/** How many bytes a number takes with the space before it, as far as can be seen by now. */
function sizeOfNumber(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  const space = SPACE.exec(text)?.[0].length ?? 0;
  return space + (NUMBER.exec(text.slice(space, space + MOST_DIGITS))?.[0].length ?? 0);
}
