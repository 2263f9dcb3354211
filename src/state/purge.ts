import type { Backend } from "../backends/backend.ts";
import type { Awaitable } from "../lib/awaitable.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";

/**
 * Rewrites the store after a purge: what was written over before it may still be in gaps of the file. Raises, with what to
 * do, when that cannot be done; the purge itself has landed.
 */
export function closeGaps(backend: Backend): Awaitable<void> {
  return backend.compact === undefined ? undefined : rewrite(backend.compact());
}

async function rewrite(compacting: Awaitable<void>): Promise<void> {
  try {
    await compacting;
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    const message = `${messageOf(error)} The purge has landed, but older bytes may still be in gaps of the file. Run later: runner state compact`;
    throw new RunnerError(error.code, message, { cause: error });
  }
}

/** The error for a key that is set after a purge in the same transaction: one commit cannot do both. */
export function purgedBefore(key: string): RunnerError {
  const why = "this transaction has purged it. Set it in another one";
  return new RunnerError("bad_argument", `Cannot set ${JSON.stringify(key)}: ${why}.`);
}
