import type { Entry } from "../../backends/backend.ts";
import { endLine, entryLine, type Header, headerLine } from "./line.ts";

/** How often others get a turn, such as the signal that ends this, in pages. */
const TURN = 20;
/** Characters of lines that are gathered before they are written. */
const BLOCK = 256 * 1024;

export interface WriteOptions {
  readonly header: Header;
  /** The time of the export, in ms since the epoch. */
  readonly now: number;
  /** Which keys to take. */
  readonly matches: (key: string) => boolean;
  /** Takes the lines, block by block. */
  readonly write: (block: Uint8Array) => void;
  /** Told how many entries were read since the last time. */
  readonly progress?: (entries: number) => void;
}

/** Writes pages of entries as an export, in constant memory; how many there were. */
export async function writeExport(
  pages: Iterable<readonly Entry[]> | AsyncIterable<readonly Entry[]>,
  { header, now, matches, write, progress }: WriteOptions,
): Promise<number> {
  const hasher = new Bun.CryptoHasher("sha256");
  const encoder = new TextEncoder();
  let lines = `${headerLine(header, now)}\n`;
  const flush = () => {
    const block = encoder.encode(lines);
    lines = "";
    hasher.update(block);
    write(block);
  };
  let entries = 0;
  let pageNumber = 0;
  for await (const page of pages) {
    for (const entry of page) {
      if (!matches(entry.key)) continue;
      lines += `${entryLine(entry)}\n`;
      entries++;
      if (lines.length >= BLOCK) flush();
    }
    progress?.(page.length);
    if (++pageNumber % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  flush();
  write(encoder.encode(`${endLine({ entries, sha256: hasher.digest("hex") })}\n`));
  return entries;
}
