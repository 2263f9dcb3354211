import type { Constant, ValueType } from "../lib/value.ts";
import type { Encoded } from "./backend.ts";

/**
 * A table or list that a backend gives again, as this very object, for as long as what it reads is the same: what was made of it
 * may be kept with it.
 */
export class Repeated implements Encoded {
  /** What it stands for, once somebody has decoded it. */
  constant: Constant | undefined;

  constructor(
    readonly type: ValueType,
    readonly data: string,
  ) {}
}
