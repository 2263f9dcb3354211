import type { FileSink } from "bun";
import { startShellLine } from "../modules/command.ts";
import type { CallContext } from "../modules/context.ts";

/** How much may wait to be written before the script waits, too: what a pipe takes. */
const PIPE_BYTES = 65_536;

/** What becomes of what a process writes itself. */
export interface PopenOutput {
  readonly onOutput: (chunk: Uint8Array) => void;
  readonly onError: (chunk: Uint8Array) => void;
}

/**
 * A process of `io.popen` that reads what the script writes, from its start on. It ends with the task's limit, and with
 * this process at the latest.
 */
export class PopenWriter {
  readonly #child: ReturnType<typeof startShellLine>;
  readonly #input: FileSink;
  readonly #shown: Promise<unknown>;
  /** While the process takes what was written: how many bytes that are. */
  #pending = 0;
  #taken: Promise<void> | undefined;
  #hasInput = false;

  constructor(line: string, context: CallContext, { onOutput, onError }: PopenOutput) {
    this.#child = startShellLine(line, context, "pipe");
    // With a pipe there is a sink; Bun's types know only that there may be one.
    this.#input = this.#child.stdin as FileSink;
    const show = async (stream: AsyncIterable<Uint8Array>, act: (chunk: Uint8Array) => void) => {
      for await (const chunk of stream) act(chunk);
    };
    this.#shown = Promise.all([show(this.#child.stdout, onOutput), show(this.#child.stderr, onError)]);
    // Whoever waits for its end is told; the others may never ask.
    this.#shown.catch(() => undefined);
  }

  /** Raises a system error with code `EPIPE` when nobody reads it any more. */
  write(bytes: Uint8Array): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      throw Object.assign(new Error("nobody reads it any more"), { code: "EPIPE" });
    }
    this.#input.write(bytes);
    this.#pending += bytes.length;
    this.#hasInput = true;
    this.#taken ??= this.#flush();
  }

  /** Waits while the process has much left to take, or anything, if `whole`. */
  drain(whole: boolean): Promise<undefined> | undefined {
    if (this.#taken === undefined || (!whole && this.#pending < PIPE_BYTES)) return undefined;
    return this.#taken.then(() => undefined);
  }

  /** Whether it was given anything that it has not refused, and that is lost when it is ended. */
  get hasInput(): boolean {
    return this.#hasInput;
  }

  /** Nothing more comes. */
  close(): void {
    void Promise.resolve(this.#input.end()).catch(() => undefined);
  }

  /** Its exit code, once it has ended and all that it wrote is shown. */
  async end(): Promise<number> {
    this.close();
    const code = await this.#child.exited;
    await this.#shown;
    return code;
  }

  async #flush(): Promise<void> {
    try {
      // More may be written meanwhile.
      while (this.#pending > 0) {
        const offered = this.#pending;
        await this.#input.flush();
        this.#pending -= offered;
      }
    } catch {
      // Nobody reads it any more: the next write says so.
      this.#pending = 0;
      this.#hasInput = false;
    }
    this.#taken = undefined;
  }
}
