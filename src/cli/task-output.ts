import { STDERR, STDOUT } from "../lib/stdio.ts";

export type Grouping = "interleaved" | "grouped" | "prefixed";
export type Stream = "stdout" | "stderr";

/** Writes to one of the standard streams. */
export type Write = (fd: number, data: string | Uint8Array) => void;

/** Brings what tasks print onto the streams: as it comes, together at the end of each task, or line by line with its name. */
export class TaskOutput {
  readonly #kept = new Map<string, { readonly fd: number; readonly data: string | Uint8Array }[]>();
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
    if (task === undefined || this.grouping === "interleaved") this.write(fd, data);
    else if (this.grouping === "grouped") this.#keep(task, fd, data);
    else this.#addLines(task, fd, data);
  }

  /** A task has ended: nothing of it is held back any more. */
  end(task: string): void {
    for (const { fd, data } of this.#kept.get(task) ?? []) this.write(fd, data);
    this.#kept.delete(task);
    for (const fd of [STDOUT, STDERR]) {
      const rest = this.#lines.get(`${fd} ${task}`);
      this.#lines.delete(`${fd} ${task}`);
      if (rest?.text) this.write(fd, `${prefix(task)}${rest.text}\n`);
    }
  }

  /** The run ends here: shows what is held back of all tasks. */
  endAll(): void {
    for (const task of this.#kept.keys()) this.end(task);
    for (const { name } of [...this.#lines.values()]) this.end(name);
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

function prefix(task: string): string {
  return `${task} │ `;
}
