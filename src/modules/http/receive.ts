import { closeSync, constants, fsync, openSync, rmSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { beforeEnding } from "../../lib/ending.ts";
import { RunnerError } from "../../lib/errors.ts";
import { formatSize } from "../../lib/size.ts";
import { writeWhole } from "../../lib/stdio.ts";
import { writeTargetOf } from "../../lib/write-target.ts";
import { besideOf, takeAttributes } from "../files.ts";
import { attempt } from "../system-errors.ts";

/** What to do with a body as it comes. */
export interface Receiving {
  /** Bytes that it may have. */
  readonly maxBytes: number;
  /** Told of each piece. */
  readonly onChunk: (bytes: number) => void;
}

/** Where a body is saved. */
export interface SaveTarget {
  /** Absolute. */
  readonly path: string;
  /** How errors call the file. */
  readonly name: string;
  /** Raises `denied` when the script may not write there, as things are now. */
  readonly permit: () => void;
}

/** The whole body. Raises `too_large`. */
export async function readBody(response: Response, receiving: Receiving): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const advice = "Save it to a file with save_as, or raise max_size";
  for await (const chunk of piecesOf(response, receiving, advice)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Writes a body as it comes, into a file that takes its place only when it is whole, with the mode and, as root, the
 * owner of one that was there; how many bytes it has. Raises `too_large`, `denied`, and `task_failed` for what cannot
 * be written.
 */
export async function saveBody(
  response: Response,
  { path, name, permit }: SaveTarget,
  receiving: Receiving,
): Promise<number> {
  // From here to the open file in one turn: a script that runs meanwhile could move a link to where this leads.
  permit();
  const target = writeTargetOf(path);
  const temporary = target.inPlace ? undefined : besideOf(target.path);
  const before = statSync(target.path, { throwIfNoEntry: false });
  const writing = <T>(act: () => T) => attempt("write", name, act);
  const file = writing(() =>
    temporary === undefined
      ? openSync(path, constants.O_WRONLY)
      : openSync(temporary, "wx", before && before.mode & 0o7777),
  );
  const callOff =
    temporary === undefined
      ? undefined
      : beforeEnding({ act: () => rmSync(temporary, { force: true }), when: "idle" });
  let size = 0;
  try {
    try {
      for await (const chunk of piecesOf(response, receiving, "Raise max_size")) {
        writing(() => writeWhole(file, chunk));
        size += chunk.length;
      }
      if (temporary !== undefined) await writing(() => promisify(fsync)(file));
      if (temporary !== undefined && before !== undefined) writing(() => takeAttributes(temporary, before));
    } finally {
      closeSync(file);
    }
    if (temporary !== undefined) await writing(() => rename(temporary, target.path));
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw error;
  } finally {
    callOff?.();
  }
  return size;
}

/** How many bytes will come, where the server says so and they are as they were sent. */
export function lengthOf({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") ? undefined : Number(length);
}

async function* piecesOf(
  response: Response,
  { maxBytes, onChunk }: Receiving,
  advice: string,
): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new RunnerError("too_large", `the answer has more than ${formatSize(maxBytes)}. ${advice}`);
    }
    onChunk(chunk.length);
    yield chunk;
  }
}
