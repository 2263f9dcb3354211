import { lstatSync, renameSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { fromFloat } from "../lib/value.ts";
import { isRecord, toNumber } from "./arguments.ts";
import { runShellLine } from "./command.ts";
import type { CallContext } from "./context.ts";
import { defineFunction, type ModuleDef } from "./define.ts";
import { environmentVariable } from "./env.ts";
import type { ModuleHost } from "./host.ts";
import { type LuaRecord, type LuaValue, Results } from "./module.ts";
import words from "./os.lua" with { type: "text" };
import { checkPath, type GivenPath, type Path, refuseNul, resolvePath, showPath } from "./paths.ts";
import { hasDaylightSaving, strftime, toCalendar } from "./strftime.ts";
import { attempt, systemNumber, systemReason } from "./system-errors.ts";

/** Lua of the module `os`. */
export const OS_WORDS = words;

export interface OsHost extends ModuleHost {
  /** Ends the run with this exit code, by raising `Halt`. */
  exit(code: number): never;
  /** Shows what a command of `os.execute` prints. */
  output(stream: "stdout" | "stderr", chunk: Uint8Array, context: CallContext): void;
}

const LOCALE_CATEGORIES = ["all", "collate", "ctype", "monetary", "numeric", "time"] as const;

/** Lua's `os`, on the real machine: its environment, clock, time zone and files (Lua 5.4 manual, §6.9). */
export function createOsModule({ current, permits, secrets, exit, output }: OsHost): ModuleDef {
  const locate = (path: GivenPath, callee: string) => {
    refuseNul(callee.replace("os.", ""), path);
    const absolute = resolvePath(current().cwd, path);
    checkPath(permits, absolute, callee);
    return absolute;
  };
  return {
    name: "os",
    description: "Lua's own library of the system, on this machine.",
    functions: {
      time: defineFunction({
        description:
          "The time now, or that of a table of local date fields, in whole seconds since the epoch. The table gets the fields that the calendar has for it.",
        args: (z) => ({ table: z.any() }),
        returns: "integer",
        example: "assert(os.time({ year = 2026, month = 1, day = 1, hour = 0 }) < os.time() + 1e9)",
        effect: false,
        run: ({ table }) => (table === undefined ? now() : fromFields(table)),
      }),
      clock: defineFunction({
        description: "Seconds of processor time that this process has used.",
        returns: "number",
        example: "assert(os.clock() >= 0)",
        effect: false,
        run: () => fromFloat(cpuSeconds()),
      }),
      date: defineFunction({
        description:
          "A time as text by strftime's conversions, or as a table for `*t`; `!` before it means UTC.",
        args: (z) => ({ format: z.optional(z.string()), time: z.optional(z.number()) }),
        returns: "string|table",
        example: 'assert(os.date("!%F", 0) == "1970-01-01" and os.date("!*t", 0).year == 1970)',
        effect: false,
        run: ({ format = "%c", time = now() }) => date(format, time),
      }),
      difftime: defineFunction({
        description: "Seconds from the second time to the first.",
        args: (z) => ({ t2: z.number(), t1: z.optional(z.number()) }),
        returns: "number",
        example: "assert(os.difftime(5, 3) == 2.0)",
        effect: false,
        run: ({ t2, t1 = 0 }) => fromFloat(t2 - t1),
      }),
      getenv: defineFunction({
        description: "A variable of the environment, or nil.",
        args: (z) => ({ name: z.string() }),
        returns: "string?",
        example: 'assert(os.getenv("NO_SUCH_VARIABLE") == nil)',
        effect: false,
        permission: "env",
        run({ name }) {
          permits.check("env", name, "os.getenv");
          const value = environmentVariable(name);
          secrets.note(name, value);
          return value;
        },
      }),
      execute: defineFunction({
        description:
          'Runs a line in the shell and shows what it prints; true or nil, then "exit" or "signal", then the code. Without a line: whether there is a shell.',
        args: (z) => ({ command: z.optional(z.string()) }),
        returns: ["boolean?", "string", "integer"],
        example: 'local ok, how, code = os.execute("exit 3")  assert(not ok and how == "exit" and code == 3)',
        effect: true,
        waits: true,
        permission: "exec",
        run({ command }) {
          if (command === undefined) return true;
          permits.check("exec", "sh", "os.execute");
          const context = current();
          return runShellLine(command, context, (stream, chunk) => output(stream, chunk, context)).then(
            (code) =>
              new Results([
                code === 0 ? true : undefined,
                code > 128 ? "signal" : "exit",
                code > 128 ? code - 128 : code,
              ]),
          );
        },
      }),
      remove: defineFunction({
        description:
          "Removes a file or an empty folder; true, or nil with the reason and the system's number.",
        args: (z) => ({ path: z.bytes() }),
        returns: ["boolean?", "string? reason", "integer? number"],
        example: 'local ok, reason = os.remove("nothing")  assert(not ok and reason:find("No such file"))',
        effect: true,
        permission: "fs",
        run: ({ path }) => luaResult(path, () => removePath(locate(path, "os.remove"))),
      }),
      rename: defineFunction({
        description: "Renames a file or folder; true, or nil with the reason and the system's number.",
        args: (z) => ({ from: z.bytes(), to: z.bytes() }),
        returns: ["boolean?", "string? reason", "integer? number"],
        example: 'fs.write("a", "")  assert(os.rename("a", "b"))',
        effect: true,
        permission: "fs",
        run: ({ from, to }) =>
          luaResult(from, () => renameSync(locate(from, "os.rename"), locate(to, "os.rename"))),
      }),
      tmpname: defineFunction({
        description: "Makes an empty temporary file; its path.",
        returns: "string",
        example: "os.remove(os.tmpname())",
        effect: true,
        permission: "fs",
        run() {
          const path = join(tmpdir(), `lua_${crypto.randomUUID().slice(0, 8)}`);
          locate(path, "os.tmpname");
          attempt("write", path, () => writeFileSync(path, "", { flag: "wx", mode: 0o600 }));
          return path;
        },
      }),
      setlocale: defineFunction({
        description: 'The locale, which is always "C"; nil when another one is asked for.',
        args: (z) => ({ locale: z.optional(z.string()), category: z.optional(z.oneOf(LOCALE_CATEGORIES)) }),
        returns: "string?",
        example: 'assert(os.setlocale() == "C" and os.setlocale("de_DE") == nil)',
        effect: false,
        run: ({ locale }) => (locale === undefined || ["", "C", "POSIX"].includes(locale) ? "C" : undefined),
      }),
      exit: defineFunction({
        description: "Ends the run: true is 0, false is 1, else the number.",
        args: (z) => ({ code: z.optional(z.either(z.boolean(), z.integer())), close: z.any() }),
        example: "if values.stop then os.exit(3) end",
        effect: false,
        run: ({ code = true }) => exit(typeof code === "number" ? code & 0xff : code ? 0 : 1),
      }),
    },
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds of a local date and time; fields out of their range carry over, as mktime does. */
function fromFields(table: LuaValue): number {
  if (!isRecord(table)) throw bad("time: argument 1 (table): expected a table of date fields");
  const year = field(table, "year");
  const month = field(table, "month");
  const day = field(table, "day");
  const time = [field(table, "hour", 12), field(table, "min", 0), field(table, "sec", 0)] as const;
  const instant = new Date(year, month - 1, day, ...time);
  // Years 0 to 99 are taken for 19xx by the constructor.
  if (year >= 0 && year < 100) instant.setFullYear(year, month - 1, day);
  const seconds = Math.floor(instant.getTime() / 1000) + correction(instant, table.isdst);
  if (Number.isNaN(seconds)) throw bad("time: time result cannot be represented in this installation");
  return seconds;
}

/** Seconds that are to be added to a time that says of itself whether it is by daylight saving time, when it is not so. */
function correction(instant: Date, isdst: LuaValue): number {
  if (typeof isdst !== "boolean" || !hasDaylightSaving(instant)) return 0;
  const is = toCalendar(instant, false).isdst;
  if (is === isdst) return 0;
  return is ? HOUR : -HOUR;
}

const HOUR = 3600;

function field(table: LuaRecord, name: string, absent?: number): number {
  const value = table[name];
  if (value === undefined && absent !== undefined) return absent;
  if (value === undefined) throw bad(`time: field '${name}' missing in date table`);
  const number = typeof value === "string" ? Number(value) : toNumber(value);
  if (number === undefined || !Number.isInteger(number)) {
    throw bad(`time: field '${name}' is not an integer`);
  }
  return number;
}

function date(given: string, time: number): string | LuaRecord {
  const utc = given.startsWith("!");
  const format = utc ? given.slice(1) : given;
  const instant = new Date(time * 1000);
  if (Number.isNaN(instant.getTime())) {
    throw bad("date: argument 2 (time): expected a time that a calendar can show");
  }
  if (format.startsWith("*t")) return { ...toCalendar(instant, utc) };
  const text = strftime(format, instant, utc);
  if (text === undefined) throw bad("date: argument 1 (format): expected conversions that strftime knows");
  return text;
}

function bad(problem: string): RunnerError {
  return new RunnerError("bad_argument", `os.${problem}`);
}

/** Lua's own convention for files: true, or nil with the reason and the system's error number. */
function luaResult(path: GivenPath, act: () => void): true | Results {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof RunnerError) throw error;
    // As the C library has it, and scripts compare.
    const reason = systemReason(error).replace(/^[a-z]/, (first) => first.toUpperCase());
    return new Results([undefined, `${showPath(path)}: ${reason}`, systemNumber(error)]);
  }
}

function removePath(path: Path): void {
  if (lstatSync(path).isDirectory()) rmdirSync(path);
  else unlinkSync(path);
}
