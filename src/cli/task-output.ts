import { STDERR, STDOUT } from "../lib/stdio.ts";

export type Grouping = "interleaved" | "grouped" | "prefixed";
export type Stream = "stdout" | "stderr";

/** Writes to one of the standard streams. */
export type Write = (fd: number, data: string | Uint8Array) => void;

/** Bytes of a line that is not over which are held back at most. */
const MOST_HELD = 64 * 1024;

/** Brings what tasks print onto the streams: whole lines as they come, together at the end of each task, or line by line with its name. */
export class TaskOutput {
  readonly #kept = new Map<string, { readonly fd: number; readonly data: string | Uint8Array }[]>();
  /** Lines that are not over. */
  readonly #open = new Map<string, { readonly task: string; readonly held: Uint8Array }>();
  readonly #lines = new Map<
    string,
    { readonly fd: number; readonly name: string; text: string; readonly decoder: TextDecoder }
  >();

  constructor(
    private readonly grouping: Grouping,
    private readonly write: Write,
  ) {}

  /** What a task prints, or the top level of a file when it is no task's. */
  add(task: string | undefined, stream: Stream, data: string | Uint8Array): void {
    const fd = stream === "stdout" ? STDOUT : STDERR;
    if (task === undefined) this.write(fd, data);
    else if (this.grouping === "interleaved") this.#addWhole(task, fd, data);
    else if (this.grouping === "grouped") this.#keep(task, fd, data);
    else this.#addLines(task, fd, data);
  }

  /** A task has ended: nothing of it is held back any more. */
  end(task: string): void {
    // Most tasks write nothing.
    if (this.#kept.size + this.#open.size + this.#lines.size === 0) return;
    for (const { fd, data } of this.#kept.get(task) ?? []) this.write(fd, data);
    this.#kept.delete(task);
    for (const fd of [STDOUT, STDERR]) {
      const open = this.#open.get(`${fd} ${task}`);
      this.#open.delete(`${fd} ${task}`);
      if (open !== undefined) this.write(fd, open.held);
      const rest = this.#lines.get(`${fd} ${task}`);
      this.#lines.delete(`${fd} ${task}`);
      if (rest?.text) this.write(fd, `${prefix(task)}${rest.text}\n`);
    }
  }

  /** The run ends here: shows what is held back of all tasks. */
  endAll(): void {
    for (const task of this.#kept.keys()) this.end(task);
    for (const { name } of [...this.#lines.values()]) this.end(name);
    for (const { task } of [...this.#open.values()]) this.end(task);
  }

  /** Shows the beginnings of lines that are held back: somebody is asked something. */
  ask(): void {
    for (const [key, { held }] of this.#open) this.write(Number.parseInt(key, 10), held);
    this.#open.clear();
  }

  /** Holds back the beginning of a line, into which another task could write. */
  #addWhole(task: string, fd: number, data: string | Uint8Array): void {
    const key = `${fd} ${task}`;
    const open = this.#open.get(key);
    if (open === undefined && (data.at(-1) === "\n" || data.at(-1) === NEWLINE)) {
      this.write(fd, data);
      return;
    }
    const all = Buffer.concat([open?.held ?? new Uint8Array(), Buffer.from(data)]);
    const end = all.length > MOST_HELD ? all.length : all.lastIndexOf(NEWLINE) + 1;
    if (end > 0) this.write(fd, all.subarray(0, end));
    if (end === all.length) this.#open.delete(key);
    else this.#open.set(key, { task, held: all.subarray(end) });
  }

  #keep(task: string, fd: number, data: string | Uint8Array): void {
    const kept = this.#kept.get(task);
    if (kept === undefined) this.#kept.set(task, [{ fd, data }]);
    else kept.push({ fd, data });
  }

  #addLines(task: string, fd: number, data: string | Uint8Array): void {
    const key = `${fd} ${task}`;
    const open = this.#lines.get(key) ?? { fd, name: task, text: "", decoder: new TextDecoder() };
    this.#lines.set(key, open);
    open.text += typeof data === "string" ? data : open.decoder.decode(data, { stream: true });
    const end = open.text.lastIndexOf("\n");
    if (end < 0) return;
    const lines = open.text.slice(0, end).split("\n");
    open.text = open.text.slice(end + 1);
    this.write(fd, lines.map((line) => `${prefix(task)}${line}\n`).join(""));
  }
}

const NEWLINE = 10;

function prefix(task: string): string {
  return `${task} │ `;
}
