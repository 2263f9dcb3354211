import { RunnerError } from "../lib/errors.ts";
import { formatNumber } from "../lib/number.ts";
import { Float } from "../lib/value.ts";

/** A thousand years in seconds: beyond, times would leave what a number holds exactly. */
const LONGEST_TTL = 1000 * 366 * 24 * 3600;

/** Checks a time to live in seconds: above 0, fractions allowed, or none. Raises `bad_argument`. */
export function checkTtl(ttl: unknown): asserts ttl is number | undefined {
  if (ttl === undefined) return;
  if (typeof ttl === "number" && ttl > 0 && ttl <= LONGEST_TTL) return;
  throw bad("ttl", "a number of seconds above 0 and below a thousand years", ttl);
}

/** Checks a number that is not nan, such as a place in a list; gives it. Raises `bad_argument`. */
export function checkNumber(value: unknown, name: string): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw bad(name, "a number", value);
}

/** Checks what is to be added: any number of Lua's. Raises `bad_argument`. */
export function checkCount(value: unknown, name: string): void {
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Float) return;
  throw bad(name, "a number", value);
}

/** Checks a string of any bytes. Raises `bad_argument`. */
export function checkText(value: unknown, name: string): void {
  if (typeof value === "string" || value instanceof Uint8Array) return;
  throw bad(name, "a string", value);
}

/** Checks how many are wanted: a whole number from 1. Raises `bad_argument`. */
export function checkLimit(limit: unknown): void {
  if (Number.isSafeInteger(limit) && (limit as number) >= 1) return;
  throw bad("limit", "a whole number from 1", limit);
}

function bad(name: string, expected: string, value: unknown): RunnerError {
  return new RunnerError("bad_argument", `Cannot use ${shown(value)} as ${name}: expected ${expected}.`);
}

function shown(value: unknown): string {
  if (value === undefined) return "nil";
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "object" ? "a table" : String(value);
}
