/** A process that has ended. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as it was, for values that are not text. */
  readonly stdoutBytes: Uint8Array;
  /** 128 + the signal's number when a signal ended it, as a shell reports it. */
  readonly exitCode: number;
}

/** A process that is under way. */
export interface Running {
  readonly pid: number;
  /** Present when it was started with `stdin: "open"`. */
  readonly stdin: { write(text: string | Uint8Array): void; end(): void };
  /** Resolves when it has ended and its output is read to the end. */
  readonly finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with all of standard output so far once it contains `text`; rejects when it ends without it. */
  untilStdout(text: string): Promise<string>;
  /** The same for standard error. */
  untilStderr(text: string): Promise<string>;
}

export interface StartOptions {
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** What it reads; "open" leaves a pipe to write to; absent is the empty input. */
  readonly stdin?: string | Uint8Array | "open";
  /** Milliseconds after which it is taken for hung and killed, and `finished` rejects. */
  readonly hungAfter: number;
}

/** Starts a command with an environment of its own and collects what it prints. */
export function start(argv: readonly string[], options: StartOptions): Running {
  const open = options.stdin === "open";
  const child = Bun.spawn([...argv], {
    cwd: options.cwd,
    env: { ...options.env },
    stdin: open ? "pipe" : input(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let hung = false;
  const watchdog = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, options.hungAfter);

  async function finish(): Promise<Finished> {
    const exitCode = await child.exited;
    clearTimeout(watchdog);
    await Promise.all([stdout.ended, stderr.ended]);
    const finished = { stdout: stdout.text(), stderr: stderr.text(), stdoutBytes: stdout.bytes(), exitCode };
    if (hung) {
      const shown = `${finished.stdout}\n${finished.stderr}`;
      throw new Error(`${argv.join(" ")}: did not end in ${options.hungAfter} ms; it had printed:\n${shown}`);
    }
    return finished;
  }
  const finished = finish();
  // Who only kills a process never looks at how it ended; that is no unhandled rejection.
  finished.catch(() => undefined);

  return {
    pid: child.pid,
    stdin: {
      write(text) {
        pipeOf(child.stdin).write(text);
        pipeOf(child.stdin).flush();
      },
      end: () => void pipeOf(child.stdin).end(),
    },
    finished,
    kill: (signal) => child.kill(signal),
    untilStdout: (text) => stdout.until(text),
    untilStderr: (text) => stderr.until(text),
  };
}

function input(text: string | Uint8Array | undefined): Blob | "ignore" {
  // Bun 1.4.5 gives an empty blob to the child as a file that may hold something else.
  if (text === undefined || text.length === 0) return "ignore";
  return new Blob([typeof text === "string" ? text : new Uint8Array(text)]);
}

function pipeOf(stdin: Bun.FileSink | number | undefined): Bun.FileSink {
  if (typeof stdin === "object") return stdin;
  throw new Error('The process was started without `stdin: "open"`.');
}

/** Reads a stream to its end, letting others wait for a text in it. */
function collect(stream: ReadableStream<Uint8Array>) {
  const chunks: Uint8Array[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();
  const bytes = () => Buffer.concat(chunks);
  const text = () => bytes().toString("utf8");

  async function readAll() {
    for await (const chunk of stream) {
      chunks.push(chunk);
      wake.resolve();
      wake = Promise.withResolvers();
    }
    ended = true;
    wake.resolve();
  }

  return {
    bytes,
    text,
    ended: readAll(),
    async until(wanted: string) {
      while (!text().includes(wanted)) {
        if (ended) throw new Error(`The process ended without printing "${wanted}". It printed:\n${text()}`);
        await wake.promise;
      }
      return text();
    },
  };
}
