import { defineFunction, type FunctionDef } from "../define.ts";
import type { Shape, Words } from "../schema/words.ts";

/**
 * The reference of a function that is not bound by its definition, because Lua or an older binding has it.
 *
 * @param returns as in `FunctionDef`.
 */
export function entry<S extends Shape>(
  description: string,
  args: (words: Words) => S,
  returns: string | readonly string[] | undefined,
  example: string,
): FunctionDef<never> {
  return defineFunction({ description, args, example, ...(returns !== undefined && { returns }) });
}
