import { Constant } from "../lib/value.ts";
import { isRecord } from "./arguments.ts";
import type { LuaValue } from "./module.ts";

/** What stands for a value that is not to be seen. */
export const MASK = "••••••••";
/** Shorter texts are not taken out of others: they would be found anywhere. */
const SHORTEST = 6;
/** Names whose answer is remembered. */
const MOST_NAMES = 10_000;

/** What a run has come to know that its log must not show: by name, and by value where a script has read it. */
export class Secrets {
  readonly #values = new Set<string>();
  /** Those whose fields have been looked at. */
  readonly #constants = new WeakSet<Constant>();
  readonly #names = new Map<string, boolean>();

  /** @param matches whether what has this name is secret. */
  constructor(private readonly matches: (name: string) => boolean) {}

  /** Whether what has this name must not be shown. */
  has(name: string): boolean {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size >= MOST_NAMES) this.#names.clear();
    const matches = this.matches(name);
    this.#names.set(name, matches);
    return matches;
  }

  /** A script has read a value by its name; the fields of a table have names of their own. */
  note(name: string, value: LuaValue | Constant): void {
    if (typeof value === "string") {
      if (value.length >= SHORTEST && this.has(name)) this.#values.add(value);
    } else if (value instanceof Constant) {
      if (this.#constants.has(value)) return;
      this.#constants.add(value);
      this.note(name, value.value);
    } else if (isRecord(value)) {
      // Pairs of them would be made for each table that a script reads.
      for (const field of Object.keys(value)) this.note(field, value[field]);
    }
  }

  /** A value as it may be shown under its name. */
  shown(name: string, text: string): string {
    return this.has(name) ? MASK : this.mask(text);
  }

  /** A text without the values that were noted. */
  mask(text: string): string {
    let masked = text;
    for (const value of this.#values) masked = masked.replaceAll(value, MASK);
    return masked;
  }
}

/** Nothing is secret. */
export const NO_SECRETS: Secrets = new Secrets(() => false);
