import { constants, rmSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { beforeEnding } from "../../lib/ending.ts";
import { RunnerError } from "../../lib/errors.ts";
import { formatSize } from "../../lib/size.ts";
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

/** The whole body. Raises `too_large`. */
export async function readBody(response: Response, receiving: Receiving): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const advice = "Save it to a file with save_as, or raise max_size";
  for await (const chunk of piecesOf(response, receiving, advice)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Writes a body as it comes, into a file that takes its place only when it is whole, with the mode and, as root, the
 * owner of one that was there; how many bytes it has. `name` is how errors call the file. Raises `too_large`, and `task_failed` for what cannot be written.
 */
export async function saveBody(
  response: Response,
  { path, name }: { readonly path: string; readonly name: string },
  receiving: Receiving,
): Promise<number> {
  const target = writeTargetOf(path);
  const temporary = target.inPlace ? undefined : besideOf(target.path);
  const before = statSync(target.path, { throwIfNoEntry: false });
  const writing = <T>(act: () => Promise<T>) => attempt("write", name, act);
  const file = await writing(() =>
    temporary === undefined
      ? open(path, constants.O_WRONLY)
      : open(temporary, "wx", before && before.mode & 0o7777),
  );
  const callOff =
    temporary === undefined
      ? undefined
      : beforeEnding({ act: () => rmSync(temporary, { force: true }), when: "idle" });
  let size = 0;
  try {
    try {
      for await (const chunk of piecesOf(response, receiving, "Raise max_size")) {
        await writing(() => file.writeFile(chunk));
        size += chunk.length;
      }
      if (temporary !== undefined) await writing(() => file.sync());
      if (temporary !== undefined && before !== undefined) {
        await writing(async () => takeAttributes(temporary, before));
      }
    } finally {
      await file.close();
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
