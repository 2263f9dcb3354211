import { lstatSync, renameSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { messageOf } from "../lib/errors.ts";
import { Float, fromFloat } from "../lib/value.ts";
import { Arguments, isRecord, toNumber } from "./arguments.ts";
import type { CurrentContext } from "./context.ts";
import { type HostFunction, type LuaModule, type LuaRecord, Results } from "./module.ts";
import { strftime, toCalendar } from "./strftime.ts";

export interface OsHost {
  readonly current: CurrentContext;
  /** Ends the run with this exit code; the promise never settles, so that the script goes no further. */
  exit(code: number): Promise<never>;
}

/** Lua's `os`, on the real machine: its environment, clock, time zone and files (Lua 5.4 manual, §6.9). */
export function createOsModule(host: OsHost): LuaModule {
  const file = (args: Arguments, index: number) => resolve(host.current().cwd, args.string(index, "path"));
  return {
    name: "os",
    functions: {
      time: define("time", (args) =>
        args.count === 0 || args.values[0] === undefined ? now() : fromFields(args),
      ),
      clock: () => fromFloat(cpuSeconds()),
      date: define("date", date),
      difftime: define("difftime", (args) => fromFloat(args.number(0, "t2") - args.number(1, "t1"))),
      getenv: define("getenv", (args) => environmentVariable(args.string(0, "name"))),
      remove: define("remove", (args) => attempt(args, () => removePath(file(args, 0)))),
      rename: define("rename", (args) => attempt(args, () => renameSync(file(args, 0), file(args, 1)))),
      tmpname: () => {
        const path = join(tmpdir(), `lua_${crypto.randomUUID().slice(0, 8)}`);
        writeFileSync(path, "", { flag: "wx", mode: 0o600 });
        return path;
      },
      exit: define("exit", (args) => host.exit(exitCode(args))),
    },
  };
}

function define(name: string, run: (args: Arguments) => ReturnType<HostFunction>): HostFunction {
  return (...values) => run(new Arguments(`os.${name}`, values));
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined && name === "HOSTNAME" ? hostname() : value;
}

/** Seconds of a local date and time; fields out of their range carry over, as mktime does. */
function fromFields(args: Arguments): number {
  const table = args.values[0];
  if (!isRecord(table)) return args.refuse(0, "table", "a table of date fields");
  const year = field(args, table, "year");
  const month = field(args, table, "month");
  const day = field(args, table, "day");
  const time = [
    field(args, table, "hour", 12),
    field(args, table, "min", 0),
    field(args, table, "sec", 0),
  ] as const;
  const date = new Date(year, month - 1, day, ...time);
  // Years 0 to 99 are taken for 19xx by the constructor.
  if (year >= 0 && year < 100) date.setFullYear(year, month - 1, day);
  return Math.floor(date.getTime() / 1000);
}

function field(args: Arguments, table: LuaRecord, name: string, absent?: number): number {
  const value = table[name];
  const number = typeof value === "string" ? Number(value) : toNumber(value);
  if (value === undefined && absent !== undefined) return absent;
  if (value === undefined) return args.fail(`field '${name}' missing in date table`);
  if (number === undefined || !Number.isInteger(number))
    return args.fail(`field '${name}' is not an integer`);
  return number;
}

function date(args: Arguments): string | LuaRecord {
  const given = args.optionalString(0, "format") ?? "%c";
  const utc = given.startsWith("!");
  const format = utc ? given.slice(1) : given;
  const instant = new Date((args.optionalNumber(1, "time") ?? now()) * 1000);
  if (Number.isNaN(instant.getTime())) return args.refuse(1, "time", "a time that a calendar can show");
  if (format.startsWith("*t")) return { ...toCalendar(instant, utc) };
  return strftime(format, instant, utc) ?? args.refuse(0, "format", "conversions that strftime knows");
}

/** Lua's own convention for files: true, or nil with the reason and the system's error number. */
function attempt(args: Arguments, act: () => void): true | Results {
  try {
    act();
    return true;
  } catch (error) {
    const reason = /^[A-Z]+: ([^,]+)/.exec(messageOf(error))?.[1] ?? messageOf(error);
    const errno =
      error instanceof Error && "errno" in error && typeof error.errno === "number" ? -error.errno : 0;
    return new Results([undefined, `${String(args.values[0])}: ${reason}`, errno]);
  }
}

function removePath(path: string): void {
  if (lstatSync(path).isDirectory()) rmdirSync(path);
  else unlinkSync(path);
}

function exitCode(args: Arguments): number {
  const code = args.values[0];
  if (code === undefined || code === true) return 0;
  if (code === false) return 1;
  if (code instanceof Float) return code.value & 0xff;
  return args.number(0, "code") & 0xff;
}
