import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSandbox, type Sandbox } from "./binary.ts";

/** A sandbox with files in its working folder, which nobody else may write, whatever the umask says. */
export function createProject(files: Readonly<Record<string, string | Uint8Array>>): Sandbox {
  const sandbox = createSandbox();
  writeFiles(sandbox.work, files);
  return sandbox;
}

/** Writes files below a folder, for their owner alone to change. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, String(name));
    chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644);
  }
}

/** The source of a plugin in TypeScript with these parts. */
export function pluginSource(name: string, parts: string): string {
  return `import { defineCommand, definePlugin, RunnerError, z } from "runner";
export default definePlugin({ name: ${JSON.stringify(name)}, ${parts} });
`;
}
