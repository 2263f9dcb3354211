import type { Change } from "../../backends/backend.ts";
import { RunnerError } from "../../lib/errors.ts";
import { nameType } from "../../lib/value.ts";
import { encode } from "../codec.ts";
import { keep } from "./entries.ts";

export interface Append {
  readonly key: string;
  readonly text: string | Uint8Array;
  readonly maxBytes: number;
}

/** Adds to the end of a string; absent counts as "". The new length in bytes. Raises `not_a_string`, `too_large`. */
export function append({ key, text, maxBytes }: Append): Change<number> {
  return ([entry]) => {
    const { type, data } = entry?.value ?? { type: "string", data: "" };
    if (type !== "string" && type !== "bytes") {
      const why = `it holds ${nameType(type)}, not a string`;
      throw new RunnerError("not_a_string", `Cannot append to "${key}": ${why}. Set it to a string first.`);
    }
    const next = encode(join(data as string | Uint8Array, text), key, maxBytes);
    return { result: Buffer.byteLength(next.data as string | Uint8Array), writes: [keep(next)] };
  };
}

function join(a: string | Uint8Array, b: string | Uint8Array): string | Uint8Array {
  if (typeof a === "string" && typeof b === "string") return a + b;
  // Bytes may become text when what they lack arrives; encode notices.
  return Buffer.concat([Buffer.from(a as Uint8Array), Buffer.from(b as Uint8Array)]);
}
