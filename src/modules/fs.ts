import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fromBytes } from "../lib/bytes.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { fromFloat } from "../lib/value.ts";
import { Arguments } from "./arguments.ts";
import type { CurrentContext } from "./context.ts";
import type { HostFunction, LuaModule } from "./module.ts";

/** The Lua module `fs`: files and folders of this machine. Relative paths start from the task's folder. */
export function createFsModule(current: CurrentContext): LuaModule {
  const functions: Record<string, HostFunction> = {};
  /** Defines a function whose system errors become `Cannot read "x": …` with a code. */
  const define = (name: string, run: (args: Arguments, path: PathReader) => ReturnType<HostFunction>) => {
    functions[name] = (...values) => {
      const args = new Arguments(`fs.${name}`, values);
      const path = (index: number, label = "path") => resolve(current().cwd, args.string(index, label));
      try {
        const result = run(args, path);
        return result instanceof Promise ? result.catch((error) => refuse(name, args, error)) : result;
      } catch (error) {
        return refuse(name, args, error);
      }
    };
  };

  define("read", (_, path) => fromBytes(readFileSync(path(0))));
  define("write", (args, path) => done(writeFileSync(path(0), args.bytes(1, "content"))));
  define("append", (args, path) => done(appendFileSync(path(0), args.bytes(1, "content"))));
  define("exists", (_, path) => existsSync(path(0)));
  define("stat", (_, path) => statOf(path(0)));
  define("mkdir", (_, path) => done(mkdirSync(path(0), { recursive: true })));
  define("remove", (_, path) => {
    const existed = lstatSync(path(0), { throwIfNoEntry: false }) !== undefined;
    rmSync(path(0), { recursive: true, force: true });
    return existed;
  });
  define("copy", (_, path) =>
    done(cpSync(path(0, "from"), path(1, "to"), { recursive: true, preserveTimestamps: true })),
  );
  define("move", (_, path) => done(renameSync(path(0, "from"), path(1, "to"))));
  define("symlink", (args, path) => done(replaceSymlink(args.string(0, "target"), path(1))));
  define("list", (_, path) => readdirSync(path(0)).sort());
  define("glob", (args) =>
    [...new Bun.Glob(args.string(0, "pattern")).scanSync({ cwd: current().cwd, dot: true })].sort(),
  );
  define("tempdir", () => mkdtempSync(join(tmpdir(), "runner-")));
  define("hash", (args, path) => hashFile(path(0), args.optionalString(1, "algorithm") ?? "sha256"));
  return { name: "fs", functions };
}

type PathReader = (index: number, label?: string) => string;

function done(_: unknown): true {
  return true;
}

function refuse(name: string, args: Arguments, error: unknown): never {
  if (error instanceof RunnerError) throw error;
  const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
  throw new RunnerError(
    missing ? "not_found" : "task_failed",
    `Cannot ${name} ${JSON.stringify(args.values[0] ?? "")}: ${reason(error)}`,
    { cause: error },
  );
}

/** A system error's words without its code, call and paths: `ENOENT: no such file or directory, open '…'`. */
function reason(error: unknown): string {
  return /^[A-Z]+: ([^,]+)/.exec(messageOf(error))?.[1] ?? messageOf(error);
}

/** nil when there is nothing; symbolic links are told as such. */
function statOf(path: string) {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const kind = stat.isSymbolicLink()
    ? "link"
    : stat.isDirectory()
      ? "directory"
      : stat.isFile()
        ? "file"
        : "other";
  return {
    type: kind,
    size: stat.size,
    mode: (stat.mode & 0o7777).toString(8).padStart(4, "0"),
    modified: fromFloat(stat.mtimeMs / 1000),
    ...(kind === "link" && { target: readlinkSync(path) }),
  };
}

/** Puts a link in place of whatever link was there, in one step: readers see the old or the new target. */
function replaceSymlink(target: string, path: string): void {
  const temporary = `${path}.${process.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  symlinkSync(target, temporary);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

async function hashFile(path: string, algorithm: string): Promise<string> {
  if (!["md5", "sha1", "sha256", "sha512"].includes(algorithm)) {
    throw new RunnerError(
      "bad_argument",
      `fs.hash: argument 2 (algorithm): expected md5, sha1, sha256 or sha512, got ${JSON.stringify(algorithm)}`,
    );
  }
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
