import { randomUUID } from "node:crypto";
import { unlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { CallContext } from "../modules/context.ts";
import type { ModuleHost } from "../modules/host.ts";
import { type HostFunction, type LuaValue, Results } from "../modules/module.ts";
import { checkPath, refuseNul, resolvePath } from "../modules/paths.ts";
import { attempt } from "../modules/system-errors.ts";
import type { Files } from "./files.ts";
import { createImports } from "./imports.ts";
import words from "./io.lua" with { type: "text" };
import type { SourceLoader } from "./loader.ts";
import type { Loads } from "./loads.ts";
import { PopenReader, type ReadFormat } from "./popen.ts";
import { PopenWriter } from "./popen-writer.ts";

/** Lua that completes `io`; it needs the functions of `createIoFunctions`. */
export const IO_WORDS = words;

/** Those of the functions that wait, and what messages call them. */
export const IO_WAITS = {
  start_process: "io.popen",
  read_process: "file:read",
  end_process: "file:close",
  await_import: "import",
};

/** How long commands of `io.popen` that nobody closed may take to end, in ms, once they get nothing more. */
const END_MS = 30_000;

export interface IoHost extends ModuleHost {
  readonly files: Files;
  readonly sources: SourceLoader;
  readonly loads: Loads;
  /** Raises when what `callee` is about to do must not happen now. */
  readonly forbid: (callee: string) => void;
  /** Absolute path of the script that is calling. */
  readonly caller: () => string;
  /** Whether whoever calls can wait. */
  readonly canWait: () => boolean;
  /** Raises when `callee` must not load this Lua file. */
  readonly permitSource: (path: string, callee: string) => void;
  /** Has something done once no script runs any more. */
  readonly atEnd: (act: () => Promise<unknown>) => void;
  /** Shows what a command of `io.popen` writes that the script does not read. */
  readonly show: (chunk: Uint8Array, context: CallContext, stream: "stdout" | "stderr") => void;
}

/** What io.lua needs of the host. */
export function createIoFunctions(host: IoHost): Record<string, HostFunction> {
  const processes = new Map<LuaValue, PopenReader | PopenWriter>();
  let lastProcess = 0;
  // Of those that nobody closed: what they were given is not lost.
  host.atEnd(() => {
    const all = [...processes.values()].filter((process) => process instanceof PopenWriter);
    const ended = Promise.allSettled(all.filter(({ hasInput }) => hasInput).map((writer) => writer.end()));
    return Promise.race([ended, Bun.sleep(END_MS)]);
  });
  return {
    ...createImports(host),

    system_words(message, number) {
      host.files.forgetError();
      return new Results(systemWords(String(message), Number(number)));
    },

    forget_error: () => void host.files.forgetError(),

    make_temporary() {
      host.forbid("io.tmpfile");
      const path = join(tmpdir(), `lua_${randomUUID().slice(0, 8)}`);
      checkPath(host.permits, path, "io.tmpfile");
      return attempt("write", path, () => {
        writeFileSync(path, "", { flag: "wx", mode: 0o600 });
        return path;
      });
    },

    remove_temporary: (path) => void unlinkSync(String(path)),

    check(callee, path, mode) {
      const writes = /[wa+]/.test(String(mode));
      if (writes) host.forbid(String(callee));
      const given = path instanceof Uint8Array ? path : String(path);
      refuseNul("open", given);
      checkPath(host.permits, resolvePath(host.current().cwd, given), String(callee));
    },

    start_process(command, mode) {
      host.forbid("io.popen");
      host.permits.check("exec", "sh", "io.popen");
      const context = host.current();
      const line = String(command);
      const number = ++lastProcess;
      const process =
        mode === "r"
          ? new PopenReader(line, context, (chunk) => host.show(chunk, context, "stderr"))
          : new PopenWriter(line, context, {
              onOutput: (chunk) => host.show(chunk, context, "stdout"),
              onError: (chunk) => host.show(chunk, context, "stderr"),
            });
      processes.set(number, process);
      return new Results([host.files.putStream(process), number]);
    },

    drain_process(number, whole) {
      const process = processes.get(number);
      return process instanceof PopenWriter && host.canWait() ? process.drain(whole === true) : undefined;
    },

    // io.lua lets only these formats through.
    read_process(number, format) {
      const process = processes.get(number);
      return process instanceof PopenReader ? process.read(format as ReadFormat) : undefined;
    },

    async end_process(number) {
      const code = (await processes.get(number)?.end()) ?? 0;
      processes.delete(number);
      const signalled = code > 128;
      return new Results([
        code === 0 ? true : undefined,
        signalled ? "signal" : "exit",
        signalled ? code - 128 : code,
      ]);
    },
  };
}

/** What this system calls an error of the VM's C library, in the message that ends with that library's words for it. */
function systemWords(message: string, number: number): [string, number] {
  const [code, theirs, words] = SYSTEM_WORDS[number] ?? [];
  const text = theirs !== undefined && words !== undefined ? message.replace(theirs, words) : message;
  // Numbers that people know by heart, but each system has its own.
  const own = code === undefined ? undefined : constants.errno[code];
  return [text, own ?? number];
}

/** WASI's numbers, and where the words of its library are others than those of Linux and macOS, both. */
const SYSTEM_WORDS: Readonly<
  Record<number, readonly [code: keyof typeof constants.errno, theirs?: RegExp, words?: string]>
> = {
  // A stream that is not open for what is done with it: that library stops before it asks the system.
  0: ["EBADF", /No error information$/, "Bad file descriptor"],
  2: ["EACCES"],
  6: ["EAGAIN"],
  8: ["EBADF"],
  10: ["EBUSY", /Resource busy$/, "Device or resource busy"],
  20: ["EEXIST"],
  28: ["EINVAL"],
  29: ["EIO", /I\/O error$/, "Input/output error"],
  31: ["EISDIR"],
  32: ["ELOOP", /Symbolic link loop$/, "Too many levels of symbolic links"],
  33: ["EMFILE", /No file descriptors available$/, "Too many open files"],
  37: ["ENAMETOOLONG", /Filename too long$/, "File name too long"],
  44: ["ENOENT"],
  51: ["ENOSPC"],
  54: ["ENOTDIR"],
  59: ["ENOTTY", /Not a tty$/, "Inappropriate ioctl for device"],
  60: ["ENXIO"],
  63: ["EPERM"],
  64: ["EPIPE"],
  69: ["EROFS"],
  70: ["ESPIPE", /Invalid seek$/, "Illegal seek"],
  74: ["ETXTBSY"],
};
