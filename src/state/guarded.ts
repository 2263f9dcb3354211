import type { Change, Guard } from "../backends/backend.ts";

/** A change of the first entries that happens only if the guard, whose entries follow them, has nothing against it. */
export function guarded<R>(change: Change<R>, guard: Guard): Change<R> {
  return (entries, now, pages) => {
    const own = entries.length - guard.refs.length;
    guard.check(entries.slice(own), now);
    return change(entries.slice(0, own), now, pages);
  };
}
