import type { ChangeRecord, Cursor, Ref } from "../backends/backend.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Value } from "../lib/value.ts";
import { decode, encode } from "../state/codec.ts";
import type { Store } from "../state/store.ts";

/** What became of one key of `State`: its value, or none when it was removed. */
export interface SessionChange {
  readonly key: string;
  readonly value?: Value;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
}

const PAGE = 1000;

/**
 * What tasks change in `State`, so that the journal has it with their success and a resume can put it back. A store
 * that keeps it by itself has no need of this.
 */
export class SessionChanges {
  #seen = 0;

  constructor(private readonly store: Store) {}

  /** What has changed since the last time, each key once. */
  async take(): Promise<readonly SessionChange[]> {
    const { backend } = this.store;
    if (backend.durable || (await backend.revision()) === this.#seen) return [];
    const changed = new Map<string, SessionChange>();
    for (const change of await this.#changes()) changed.set(change.key, toSessionChange(change));
    this.#seen = await backend.revision();
    return [...changed.values()];
  }

  /** Puts back what an earlier part of the run had, in the order in which it was changed. */
  async restore(changes: readonly SessionChange[]): Promise<void> {
    if (this.store.backend.durable || changes.length === 0) return;
    const last = new Map(changes.map((change) => [change.key, change]));
    const refs = [...last.keys()].map((key): Ref => ({ space: "data", key }));
    const writes = [...last.values()].map(({ key, value, expiresAt }) =>
      value === undefined
        ? ({ delete: true } as const)
        : { put: encode(value, key), expires: expiresAt ?? ("never" as const) },
    );
    await this.store.backend.update(refs, () => ({ result: undefined, writes }), this.store.writer);
    this.#seen = await this.store.backend.revision();
  }

  async #changes(): Promise<ChangeRecord[]> {
    const found: ChangeRecord[] = [];
    let after: Cursor = { revision: this.#seen };
    try {
      for (;;) {
        const page = await this.store.backend.changes({ after, prefix: "", limit: PAGE });
        found.push(...page);
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE) return found;
        after = { revision: last.revision, key: last.key };
      }
    } catch (error) {
      if (!(error instanceof RunnerError) || error.code !== "compacted") throw error;
      return this.#everything();
    }
  }

  /** When the list of changes does not go back far enough: all that there is. */
  async #everything(): Promise<ChangeRecord[]> {
    const { backend, writer } = this.store;
    const page = { space: "data", prefix: "", limit: Number.MAX_SAFE_INTEGER, values: true } as const;
    return (await backend.scan(page)).map(({ key, revision, value, expiresAt }) => ({
      key,
      revision,
      kind: "put",
      at: backend.now(),
      by: writer,
      ...(value !== undefined && { value }),
      ...(expiresAt !== undefined && { expiresAt }),
    }));
  }
}

function toSessionChange({ key, value, expiresAt }: ChangeRecord): SessionChange {
  if (value === undefined) return { key };
  return { key, value: decode(value), ...(expiresAt !== undefined && { expiresAt }) };
}
