import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunnerError, systemReason } from "../../lib/errors.ts";

/** A folder for a check of plugins, which goes with what is in it. Raises `unavailable` where none can be made. */
export function makeWorkshop(): Disposable & { readonly path: string } {
  const place = tmpdir();
  let path: string;
  try {
    path = mkdtempSync(join(place, "runner-check-"));
  } catch (error) {
    const text = `Cannot make a folder in "${place}": ${systemReason(error)}. Set TMPDIR to one that this user may write to.`;
    throw new RunnerError("unavailable", text, { cause: error });
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
