import type { Grant } from "./locks.ts";

/** A lock that this process answers for, and how often its task has taken it. */
export interface Taking {
  readonly grant: Grant;
  readonly task: string | undefined;
  readonly count: number;
}

/** The locks that this process answers for: they are released at the end of their task at the latest. */
export class Takings {
  readonly #taken = new Map<string, Taking>();

  get size(): number {
    return this.#taken.size;
  }

  /** Notes one more taking. */
  add(grant: Grant, task: string | undefined): void {
    const key = keyOf(grant.id, task);
    const count = (this.#taken.get(key)?.count ?? 0) + 1;
    this.#taken.set(key, { grant, task, count });
  }

  /** Strikes out so many takings; whether nobody here holds the acquisition any more. */
  remove({ id }: Grant, takings: number, task: string | undefined): boolean {
    const key = keyOf(id, task);
    const taking = this.#taken.get(key);
    if (taking === undefined) return false;
    if (taking.count > takings) {
      this.#taken.set(key, { ...taking, count: taking.count - takings });
      return false;
    }
    this.#taken.delete(key);
    return !this.list().some(({ grant }) => grant.id === id);
  }

  list(): Taking[] {
    return [...this.#taken.values()];
  }
}

function keyOf(id: string, task: string | undefined): string {
  return `${id} ${task ?? ""}`;
}
