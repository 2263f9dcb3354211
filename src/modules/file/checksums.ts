import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import type { Ref } from "../../backends/backend.ts";
import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { decode, encode } from "../../state/codec.ts";
import type { Store } from "../../state/store.ts";

/** What the content of files was when a function of `file` last left them, kept beside the state of a run. */
export class Checksums {
  /** @param store without one, nothing is remembered. */
  constructor(private readonly store: Store | undefined) {}

  /** The checksum of a file as it was left; undefined when it is not known. `path` is absolute. */
  read(path: string): Awaitable<string | undefined> {
    if (this.store === undefined) return undefined;
    return chain(this.store.backend.read([refOf(path)]), ([entry]) =>
      entry === undefined ? undefined : String(decode(entry.value)),
    );
  }

  /** Remembers the checksum of a file, or that it is no more. */
  write(path: string, sum: string | undefined): Awaitable<void> {
    if (this.store === undefined) return undefined;
    const { backend, writer } = this.store;
    const write =
      sum === undefined
        ? ({ delete: true } as const)
        : ({ put: encode(sum, path), expires: "never" } as const);
    return backend.update([refOf(path)], () => ({ result: undefined, writes: [write] }), writer);
  }
}

/** The checksum of a file's content; undefined where there is no file. */
export function checksumOf(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Machines may share a store, and paths may be longer than keys. */
function refOf(path: string): Ref {
  const digest = createHash("sha256").update(`${hostname()}\0${path}`).digest("hex");
  return { space: "run", key: `c/${digest}` };
}
