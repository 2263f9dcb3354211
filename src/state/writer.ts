import type { Writer } from "../backends/backend.ts";

/** The writer as a task of its run. What it would look up of the machine is still looked up when somebody asks. */
export function writerOf(writer: Writer, task: string): Writer {
  return {
    get host() {
      return writer.host;
    },
    get user() {
      return writer.user;
    },
    pid: writer.pid,
    ...(writer.run !== undefined && { run: writer.run }),
    task,
  };
}
