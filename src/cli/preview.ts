import { formatSpan } from "../lib/duration.ts";
import { formatNumber } from "../lib/number.ts";
import { escapeControls, plural } from "../lib/text.ts";
import { Float, type Value } from "../lib/value.ts";
import { toPlain } from "./json.ts";

/** What stands for nothing. */
export const NONE = "–";

/** Characters of a text that a preview looks at; more than any terminal is wide. */
const LOOKED_AT = 4000;

/** A value on one line, for a table: lists by their length and last item. `most` characters of it, where not all. */
export function previewValue(value: Value, most = LOOKED_AT): string {
  if (!Array.isArray(value)) return escapeControls(bareText(value).slice(0, most));
  const last = value.at(-1);
  const count = plural(value.length, "item");
  return last === undefined ? count : escapeControls(`${count}, last ${bareText(last).slice(0, most)}`);
}

/**
 * A value as text: strings as they are, numbers as Lua prints them, tables and lists as JSON, bytes by their
 * first ones.
 */
export function bareText(value: Value): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Float)
    return formatNumber(value);
  if (!(value instanceof Uint8Array)) return JSON.stringify(toPlain(value));
  const first = Array.from(value.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${plural(value.length, "byte")}: ${first}${value.length > 16 ? " …" : ""}`;
}

/** When something expires: `in 58 s`, or that it does not. `seconds` are those left. */
export function formatExpiry(seconds: number | undefined): string {
  return seconds === undefined ? NONE : `in ${formatSpan(seconds * 1000)}`;
}

/** How long ago a time was; both in ms since the epoch. */
export function formatAge(time: number, now: number): string {
  // Also for times ahead of this machine's clock, which another one wrote.
  return now - time < 1000 ? "just now" : `${formatSpan(now - time)} ago`;
}

/** A path as its user writes it. */
export function shortenPath(path: string): string {
  const { HOME } = process.env;
  return HOME && path.startsWith(`${HOME}/`) ? `~${path.slice(HOME.length)}` : path;
}
