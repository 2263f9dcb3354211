import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

// Where a user's group may write, what tests leave in a project would be refused.
process.umask(0o022);

/** A folder that is gone when its `using` scope ends. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
  /** Writes a file below it, with the folders on the way; returns its absolute path. */
  write(name: string, content: string | Uint8Array): string;
}

/** A fresh empty folder: `using folder = createFolder()`. */
export function createFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "runner-test-"));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
