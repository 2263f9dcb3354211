import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { runCommand, shellCommand } from "../modules/command.ts";
import type { ModuleHost } from "../modules/host.ts";
import { type HostFunction, Results } from "../modules/module.ts";
import type { Files } from "./files.ts";
import words from "./io.lua" with { type: "text" };
import type { SourceLoader } from "./loader.ts";

/** Lua that completes `io`; it needs the functions of `createIoFunctions`. */
export const IO_WORDS = words;

/** Those of the functions that wait, and what messages call them. */
export const IO_WAITS = { start_process: "io.popen", end_process: "file:close" };

export interface IoHost extends ModuleHost {
  readonly files: Files;
  readonly sources: SourceLoader;
  /** Raises when what `callee` is about to do must not happen now. */
  readonly forbid: (callee: string) => void;
  /** Absolute path of the script that is calling. */
  readonly caller: () => string;
  /** Raises when `callee` must not load this Lua file. */
  readonly permitSource: (path: string, callee: string) => void;
  /** Shows what a command of `io.popen` writes to standard error. */
  readonly showError: (chunk: Uint8Array) => void;
}

/** A process of `io.popen`: its end, or how to bring it about. */
type Process = () => Promise<number>;

/** What io.lua needs of the host. */
export function createIoFunctions(host: IoHost): Record<string, HostFunction> {
  const processes = new Map<number, Process>();
  let lastProcess = 0;
  return {
    system_number: (number) => (typeof number === "number" ? systemNumber(number) : number),

    check(callee, path, mode) {
      const writes = /[wa+]/.test(String(mode));
      if (writes) host.forbid(String(callee));
      host.permits.check("fs", resolve(host.current().cwd, String(path)), String(callee));
    },

    async start_process(command, mode) {
      host.forbid("io.popen");
      host.permits.check("exec", "sh", "io.popen");
      const context = host.current();
      const run = async (stdin?: Uint8Array) => {
        const spec = { argv: shellCommand(String(command)), cwd: context.cwd, context };
        const result = await runCommand({ ...spec, ...(stdin && { stdin }) });
        if (result.stderr.length > 0) host.showError(Buffer.from(result.stderr));
        return result;
      };
      const number = ++lastProcess;
      if (mode === "r") {
        const { stdout, exitCode } = await run();
        processes.set(number, async () => exitCode);
        return new Results([host.files.putInMemory(Buffer.from(stdout)), number]);
      }
      const path = host.files.putInMemory(new Uint8Array());
      processes.set(number, async () => {
        const { stdout, exitCode } = await run(host.files.takeFromMemory(path));
        if (stdout.length > 0) host.files.print(Buffer.from(stdout));
        return exitCode;
      });
      return new Results([path, number]);
    },

    async end_process(number) {
      const code = (await processes.get(Number(number))?.()) ?? 0;
      processes.delete(Number(number));
      const signalled = code > 128;
      return new Results([
        code === 0 ? true : undefined,
        signalled ? "signal" : "exit",
        signalled ? code - 128 : code,
      ]);
    },

    read_import(path) {
      const wanted = resolve(dirname(host.caller()), String(path));
      const found = [wanted, `${wanted}.lua`, resolve(wanted, "init.lua")].find(isFile);
      if (found === undefined) {
        throw new RunnerError(
          "not_found",
          `Cannot import ${JSON.stringify(path)}: there is no such file beside ${host.sources.nameOf(host.caller())}.`,
        );
      }
      host.permitSource(found, "import");
      const { source, name } = host.sources.read(found);
      return new Results([found, source, name]);
    },
  };
}

function isFile(path: string): boolean {
  return existsSync(path) && !existsSync(`${path}/.`);
}

/** The number by which this system knows an error of the VM's C library, for those that scripts look at. */
function systemNumber(number: number): number {
  return SYSTEM_NUMBERS[number] ?? number;
}

/** WASI's numbers and those of Linux and macOS, which agree on the old ones. */
const SYSTEM_NUMBERS: Readonly<Record<number, number>> = {
  2: 13,
  10: 16,
  20: 17,
  28: 22,
  29: 5,
  31: 21,
  33: 24,
  44: 2,
  51: 28,
  54: 20,
  60: 6,
  63: 1,
  64: 32,
  69: 30,
  70: 29,
};
