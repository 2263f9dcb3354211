import { RunnerError } from "../lib/errors.ts";
import { STDOUT, writeWhole } from "../lib/stdio.ts";
import type { Output } from "./output.ts";

/**
 * Does the work of a command whose stdout programs read: what it raises is told there as well, as one line of JSON,
 * before it is raised again.
 */
export async function tellErrors(
  { format }: Output,
  work: () => Promise<number> | number,
  more: () => object = () => ({}),
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (format === "json" && error instanceof RunnerError && error.code !== "bug") {
      const { code, message } = error;
      writeWhole(STDOUT, `${JSON.stringify({ ...more(), error: { code, message } })}\n`);
    }
    throw error;
  }
}
