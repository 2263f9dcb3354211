import { RunnerError } from "../lib/errors.ts";
import { startTimer } from "../lib/timer.ts";
import { fromFloat } from "../lib/value.ts";
import { defineFunction, type ModuleDef } from "./define.ts";
import type { ModuleHost } from "./host.ts";
import { strftime } from "./strftime.ts";

const ISO = "%Y-%m-%dT%H:%M:%S%z";

/** Clocks that differ by more have been set apart, in ms. */
const CLOCK_STEP_MS = 2;

/** The Lua module `time`. Times are seconds since the epoch with a fraction. */
export const createTimeModule = ({ current }: Pick<ModuleHost, "current">): ModuleDef => ({
  name: "time",
  description: "The clock, waiting, and times as text. Times are seconds since the epoch.",
  effect: false,
  functions: {
    now: defineFunction({
      description: "The time now, with its fraction.",
      returns: "number",
      example: "assert(time.now() > 1.7e9)",
      run: () => fromFloat(epochMilliseconds() / 1000),
    }),

    sleep: defineFunction({
      description: "Waits; other tasks go on meanwhile. Takes seconds or a duration.",
      args: (z) => ({ seconds: z.duration() }),
      example: 'time.sleep(0.01)  time.sleep("10ms")',
      waits: true,
      run: ({ seconds }) => sleep(seconds, current().signal),
    }),

    format: defineFunction({
      description:
        "A time as text: by default as ISO 8601 in the machine's zone, else by the conversions of `os.date`; a format that begins with `!` is in UTC. Without a time it is now.",
      args: (z) => ({ time: z.optional(z.number()), format: z.optional(z.string()) }),
      returns: "string",
      example: 'assert(time.format(0, "!%Y-%m-%d %H:%M:%S") == "1970-01-01 00:00:00")',
      run({ time, format = ISO }) {
        const utc = format.startsWith("!");
        const date = new Date((time ?? Date.now() / 1000) * 1000);
        if (Number.isNaN(date.getTime())) throw bad("format", 1, "a time that a calendar can show");
        const text = strftime(utc ? format.slice(1) : format, date, utc);
        if (text === undefined) throw bad("format", 2, "conversions that strftime knows");
        return text;
      },
    }),

    parse: defineFunction({
      description:
        "The time that a text says: ISO 8601, with or without time and zone (without one it is the machine's), or the dates of mail and HTTP.",
      args: (z) => ({ text: z.string() }),
      returns: "number",
      example: 'assert(time.parse("1970-01-01T01:00:00Z") == 3600)',
      run({ text }) {
        // JavaScript takes a bare date for one in UTC, a date with a time for local.
        const local = /^\d{4}-\d\d-\d\d$/.test(text.trim()) ? `${text.trim()}T00:00:00` : text.trim();
        const known = /^\d{4}-\d\d(-\d\d)?([T ]\d\d:\d\d|$)|^[A-Z][a-z]{2}, \d/.test(local);
        const ms = known && isInCalendar(local) ? Date.parse(local) : Number.NaN;
        if (Number.isNaN(ms))
          throw bad("parse", 1, `a date such as "2026-11-21T20:14:07Z", got ${JSON.stringify(text)}`);
        return ms % 1000 === 0 ? ms / 1000 : fromFloat(ms / 1000);
      },
    }),
  },
});

/** Whether the month of a date has its day: JavaScript takes 30 February for 1 March. */
function isInCalendar(text: string): boolean {
  const [, date = ""] = /^(\d{4}-\d\d-\d\d)/.exec(text) ?? [];
  const [, mail = "", day] = /^\w+, ((\d{1,2})[ -]\w{3}[ -]\d{4})/.exec(text) ?? [];
  if (mail !== "") return new Date(`${mail} UTC`).getUTCDate() === Number(day);
  return date === "" || new Date(`${date}T00:00Z`).getUTCDate() === Number(date.slice(-2));
}

/** Resolves after so many ms; never when the signal comes before, since nobody waits any more then. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const callOff = startTimer(ms, () => {
    signal?.removeEventListener("abort", callOff);
    resolve(undefined);
  });
  signal?.addEventListener("abort", callOff, { once: true });
  return promise;
}

function bad(name: string, argument: number, expected: string): RunnerError {
  return new RunnerError("bad_argument", `time.${name}: argument ${argument}: expected ${expected}`);
}

/** By the clock on the wall, whose fraction below a millisecond is taken from the monotonic one. */
function epochMilliseconds(): number {
  const precise = performance.timeOrigin + performance.now();
  const wall = Date.now();
  // Apart by more than rounding: somebody has set the clock, or the machine has slept.
  return Math.abs(precise - wall) < CLOCK_STEP_MS ? precise : wall;
}
