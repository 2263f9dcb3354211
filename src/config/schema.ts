import * as z from "zod/mini";
import { DURATION_SYNTAX, parseDuration } from "../lib/duration.ts";
import { parseSize, SIZE_SYNTAX } from "../lib/size.ts";

/*
 * SPEC.md section 4 as one schema per setting, by its path. The `error` of each is what a message says after
 * "expected".
 * Loaded only when a file or a variable sets something: zod costs a third of what starting the program does.
 */

const text = z.string("text");
const texts = z.array(z.string(), "a list of texts");
const flag = z.boolean("true or false");
const table = z.record(z.string(), z.unknown(), "a table");

/** Milliseconds, from any form of a duration. */
const duration = parsed(parseDuration, DURATION_SYNTAX);
/** Bytes, from any form of a size. */
const size = parsed(parseSize, SIZE_SYNTAX);
/** Milliseconds; undefined for "none". */
const durationOrNone = z.union(
  [
    z.pipe(
      z.literal("none"),
      z.transform(() => undefined),
    ),
    duration,
  ],
  `${DURATION_SYNTAX}, or "none"`,
);

export const SCHEMA = {
  "state.backend": text,
  "state.path": text,
  "state.url": text,
  "state.pool_size": count(1),
  "state.durability": z.enum(["full", "normal"], '"full" or "normal"'),
  "state.busy_timeout": duration,
  "state.cache_size": count(0),
  "state.max_value": size,
  "state.session": z.union(
    [z.enum(["memory", "persistent"]), texts],
    '"memory", "persistent" or a list of key prefixes',
  ),
  "state.session_max": size,
  "state.history.keep": count(0),
  "state.history.for": duration,
  "state.history.bytes_per_key": size,
  "state.backups.keep": count(0),
  "state.options": table,
  "run.jobs": count(1),
  "run.timeout": durationOrNone,
  "run.keep_going": flag,
  "run.keep_runs": count(0),
  "lua.memory": size,
  "secrets.patterns": texts,
  "plugins.paths": texts,
  "plugins.config": table,
} as const;

export type SettingName = keyof typeof SCHEMA;

/** Every setting with its effective type: durations in milliseconds, sizes in bytes. */
export type SettingValues = { [K in SettingName]: z.output<(typeof SCHEMA)[K]> };

/** What a setting's number counts: the ms of a duration, the bytes of a size, or things. */
export function unitOf(name: SettingName): "ms" | "bytes" | undefined {
  const schema: unknown = SCHEMA[name];
  if (schema === duration || schema === durationOrNone) return "ms";
  return schema === size ? "bytes" : undefined;
}

function count(least: number) {
  const expected = `a whole number from ${least} up`;
  return z.int(expected).check(z.gte(least, expected));
}

function parsed(parse: (input: string | number) => number | undefined, expected: string) {
  return z.pipe(
    z.union([z.string(), z.number()], expected),
    z.transform((input, context) => {
      const value = parse(input);
      if (value !== undefined) return value;
      context.issues.push({ code: "custom", message: expected, input });
      return z.NEVER;
    }),
  );
}
