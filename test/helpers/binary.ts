import { constants, copyFileSync, existsSync, linkSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createFolder } from "./folder.ts";
import { type Finished, type Running, start } from "./process.ts";

export type { Finished, Running } from "./process.ts";

const EXECUTABLE = process.platform === "win32" ? "runner.exe" : "runner";
const BUILT = resolve(import.meta.dir, "../../dist", EXECUTABLE);

/** How one run of the binary differs from the plain one. */
export interface BinaryOptions {
  /** The whole environment besides HOME; nothing is inherited, not even PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: the sandbox's `work` folder. */
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  /** Milliseconds after which the process counts as hung; 100,000 if absent. */
  readonly hungAfter?: number;
}

/**
 * The built binary alone in an empty folder, with an empty home, an empty working folder and an empty
 * environment: a server with nothing else installed. Leaving the `using` scope kills what still runs and removes it all.
 */
export interface Sandbox extends Disposable {
  /** Absolute path of the copied binary; the only file in its folder. */
  readonly binary: string;
  /** What the binary gets as HOME; empty at first, so that stores land in `<home>/.sloth-runner`. */
  readonly home: string;
  /** Where it is started; empty at first. */
  readonly work: string;
  /** Writes a file into `work`; returns its absolute path. */
  write(name: string, content: string | Uint8Array): string;
  /** Runs the binary to its end. */
  run(args: readonly string[], options?: BinaryOptions): Promise<Finished>;
  /** Writes `source` to `work/script.lua` and runs `runner run script.lua …args`. */
  runLua(source: string, args?: readonly string[], options?: BinaryOptions): Promise<Finished>;
  /** Kills what still runs; nothing can be started from here on. */
  stop(): void;
  /** Starts the binary and leaves it running, its standard input open if asked. */
  spawn(args: readonly string[], options?: BinaryOptions & { readonly openStdin?: true }): Running;
}

export interface SandboxOptions {
  /** Another build than dist/runner. */
  readonly built?: string;
  /** What each run gets beside HOME, unless it says otherwise. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A fresh sandbox: `using sandbox = createSandbox()`. Raises when what it shall hold was not built. */
export function createSandbox({ built = BUILT, env = {} }: SandboxOptions = {}): Sandbox {
  const folder = createFolder();
  const home = join(folder.path, "home");
  const work = join(folder.path, "work");
  const bin = join(folder.path, "bin");
  for (const path of [home, work, bin]) mkdirSync(path);
  const binary = join(bin, EXECUTABLE);
  place(built, binary);
  const running = new Set<Running>();
  let stopped = false;
  const stop = () => {
    stopped = true;
    for (const child of running) child.kill("SIGKILL");
  };

  const spawn: Sandbox["spawn"] = (args, options = {}) => {
    if (stopped) throw new Error("Cannot start the binary: its sandbox was stopped.");
    const stdin = options.openStdin ? "open" : options.stdin;
    const child = start([binary, ...args], {
      cwd: options.cwd ?? work,
      env: { ...homeVariable(home), ...env, ...options.env },
      hungAfter: options.hungAfter ?? 100_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
    running.add(child);
    const forget = () => void running.delete(child);
    child.finished.then(forget, forget);
    return child;
  };

  return {
    binary,
    home,
    work,
    write: (name, content) => folder.write(join("work", name), content),
    spawn,
    stop,
    run: (args, options) => spawn(args, options).finished,
    runLua(source, args = [], options) {
      folder.write(join("work", "script.lua"), source);
      return spawn(["run", "script.lua", ...args], options).finished;
    },
    [Symbol.dispose]() {
      stop();
      folder[Symbol.dispose]();
    },
  };
}

function homeVariable(home: string): Record<string, string> {
  return process.platform === "win32" ? { USERPROFILE: home } : { HOME: home };
}

/** Brings the built binary to a path of its own. */
function place(built: string, path: string): void {
  if (!existsSync(built)) {
    throw new Error(`Cannot find "${built}": it was not built. Run npm test, or npm run build first.`);
  }
  try {
    // A link is as good as a copy: a build replaces dist/runner and never writes into it.
    linkSync(built, path);
  } catch {
    // The temporary folder is on another disk, or the binary belongs to another user.
    copyFileSync(built, path, constants.COPYFILE_FICLONE);
  }
}
