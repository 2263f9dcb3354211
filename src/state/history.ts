import type { Backend, ChangeRecord, Entry, Ref } from "../backends/backend.ts";
import { type Awaitable, chain, repeat } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Moment } from "./moment.ts";
import { type Version, versionOf } from "./show.ts";

/** Versions that are fetched at a time. */
const PAGE = 200;

/**
 * The version of a key that was in force at a moment; undefined when there was none. Raises `compacted` when it is not
 * kept any more.
 */
export function versionAt(backend: Backend, key: string, moment: Moment): Awaitable<Version | undefined> {
  const ref: Ref = { space: "data", key };
  return chain(backend.read([ref]), ([entry]) => {
    // The history may have dropped what is still there.
    if (entry !== undefined && isBy(entry.revision, entry.updatedAt, moment)) return versionOfEntry(entry);
    return chain(search(backend, key, moment), ({ found, oldest }) => {
      if (found !== undefined) return isInForce(found, moment) ? versionOf(found) : undefined;
      return chain(backend.compacted(), (compacted) => {
        if (wasAbsent({ entry, oldest, compacted }, moment)) return undefined;
        throw tooOld(key, moment);
      });
    });
  });
}

/** Looks through the versions, newest first, for the first one that is not after the moment. */
function search(
  backend: Backend,
  key: string,
  moment: Moment,
): Awaitable<{ found?: ChangeRecord; oldest?: ChangeRecord }> {
  let found: ChangeRecord | undefined;
  let oldest: ChangeRecord | undefined;
  const searched = repeat(() => {
    const page = oldest === undefined ? {} : { before: oldest.revision };
    return chain(backend.history(key, { ...page, limit: PAGE }), (records) => {
      found = records.find(({ revision, at }) => isBy(revision, at, moment));
      oldest = records.at(-1) ?? oldest;
      return found === undefined && records.length === PAGE;
    });
  });
  return chain(searched, () => ({ ...(found && { found }), ...(oldest && { oldest }) }));
}

function isBy(revision: number, at: number, moment: Moment): boolean {
  return "revision" in moment ? revision <= moment.revision : at <= moment.time;
}

function isInForce({ kind, expiresAt }: ChangeRecord, moment: Moment): boolean {
  if (kind !== "put") return false;
  return !("time" in moment) || expiresAt === undefined || expiresAt > moment.time;
}

/** Whether it is certain that there was no value at a moment that lies before all versions which are kept. */
function wasAbsent(
  known: { entry: Entry | undefined; oldest: ChangeRecord | undefined; compacted: number },
  moment: Moment,
): boolean {
  const { entry, oldest, compacted } = known;
  // What was deleted had been there.
  if (oldest !== undefined && oldest.kind !== "put") return false;
  if (compacted === 0) return true;
  // Whatever was dropped of this key had come to its end by then, unless the oldest version followed on it.
  if ("time" in moment || moment.revision < compacted) return false;
  return oldest === undefined || (entry !== undefined && entry.createdAt >= oldest.at);
}

function versionOfEntry({ key, revision, value, updatedAt, expiresAt }: Entry): Version {
  const expiry = expiresAt === undefined ? {} : { expiresAt };
  const nobody = { host: "", user: "", pid: 0 };
  return versionOf({ key, revision, kind: "put", value, at: updatedAt, by: nobody, ...expiry });
}

function tooOld(key: string, moment: Moment): RunnerError {
  const when = "revision" in moment ? `revision ${moment.revision}` : new Date(moment.time).toISOString();
  return new RunnerError(
    "compacted",
    `Cannot tell what "${key}" was as of ${when}: its history does not go back so far. See what is kept: runner state history`,
  );
}
