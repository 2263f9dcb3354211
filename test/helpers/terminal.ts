/** What a terminal shows, as far as runner uses one: text, line ends, cursor up, clearing, and lines that wrap. */
export class Screen {
  /** Rows from the top; `joined` ones go on in the next row because they were too long. */
  #rows: { cells: string[]; joined: boolean }[] = [{ cells: [], joined: false }];
  #row = 0;
  #column = 0;
  #columns: number;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** What a reader sees, without what was written over. */
  get text(): string {
    return this.#rows.map(({ cells }) => cells.join("").trimEnd()).join("\n");
  }

  write(text: string): void {
    for (const [part] of text.matchAll(/\u001b\[[\d;?]*[A-Za-z]|[\s\S]/gu)) this.#put(part);
  }

  /** Sets what is there anew in rows of another width, as terminals do. The cursor has to be at the end. */
  resize(columns: number): void {
    const lines: string[][] = [];
    let isOpen = false;
    for (const { cells, joined } of this.#rows) {
      const last = isOpen ? lines.at(-1) : undefined;
      if (last === undefined) lines.push([...cells]);
      else last.push(...cells);
      isOpen = joined;
    }
    this.#columns = columns;
    this.#rows = [];
    for (const line of lines) {
      for (let from = 0; from === 0 || from < line.length; from += columns) {
        const joined = from + columns < line.length;
        this.#rows.push({ cells: line.slice(from, from + columns), joined });
      }
    }
    this.#row = this.#rows.length - 1;
    this.#column = this.#rows.at(-1)?.cells.length ?? 0;
  }

  #put(part: string): void {
    if (part === "\n") this.#newRow();
    else if (part === "\r") this.#column = 0;
    else if (part.startsWith("\u001b[")) this.#control(part.slice(2));
    else {
      if (this.#column >= this.#columns) {
        this.#current.joined = true;
        this.#newRow();
        this.#column = 0;
      }
      this.#current.cells[this.#column++] = part;
    }
  }

  #control(sequence: string): void {
    if (sequence.endsWith("A")) this.#row = Math.max(0, this.#row - Number(sequence.slice(0, -1) || 1));
    else if (sequence.endsWith("G")) this.#column = Number(sequence.slice(0, -1) || 1) - 1;
    else if (sequence === "J" || sequence === "0J") {
      this.#rows.length = this.#row + 1;
      this.#current.cells.length = this.#column;
    } else if (!sequence.endsWith("m")) throw new Error(`Screen does not know the sequence ${sequence}.`);
  }

  #newRow(): void {
    this.#row++;
    this.#rows[this.#row] ??= { cells: [], joined: false };
  }

  get #current(): { cells: string[]; joined: boolean } {
    const row = this.#rows[this.#row] ?? { cells: [], joined: false };
    this.#rows[this.#row] = row;
    return row;
  }
}

/** A process on a terminal. */
export interface OnTerminal {
  readonly screen: Screen;
  /** Resolves with what is shown once that is so; a test that waits in vain is ended by its own time limit. */
  until(isSo: (text: string) => boolean): Promise<string>;
  /** The process stands still meanwhile, so that nothing that it wrote for the old width is still on its way. */
  resize(columns: number): Promise<void>;
  /** What is typed, such as `\x03` for Ctrl-C. */
  type(text: string): void;
  /** Resolves with the exit code when it has ended and all of its output is shown. */
  readonly ended: Promise<number>;
}

/** Starts a command on a terminal of its own, 20 rows high. */
export function startOnTerminal(
  argv: readonly string[],
  { columns, cwd, env }: { columns: number; cwd: string; env: Readonly<Record<string, string>> },
): OnTerminal {
  const screen = new Screen(columns);
  const decoder = new TextDecoder();
  let wake = Promise.withResolvers<void>();
  const shown = Promise.withResolvers<void>();
  const child = Bun.spawn([...argv], {
    cwd,
    env: { TERM: "xterm", ...env },
    terminal: {
      cols: columns,
      rows: 20,
      data(_, data) {
        screen.write(decoder.decode(data, { stream: true }));
        wake.resolve();
        wake = Promise.withResolvers();
      },
      exit: () => shown.resolve(),
    },
  });
  const { terminal } = child;
  if (terminal === undefined) throw new Error("There are no terminals on this system.");
  return {
    screen,
    async until(isSo) {
      while (!isSo(screen.text)) await wake.promise;
      return screen.text;
    },
    async resize(to) {
      child.kill("SIGSTOP");
      while (!isStopped(child.pid)) await Bun.sleep(1);
      // What it has written by now is there at once, and is read in the next turns.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      screen.resize(to);
      terminal.resize(to, 20);
      child.kill("SIGCONT");
    },
    type: (text) => void terminal.write(text),
    ended: Promise.all([child.exited, shown.promise]).then(([exitCode]) => {
      terminal.close();
      return exitCode;
    }),
  };
}

function isStopped(pid: number): boolean {
  return Bun.spawnSync(["ps", "-o", "state=", "-p", String(pid)])
    .stdout.toString()
    .startsWith("T");
}
