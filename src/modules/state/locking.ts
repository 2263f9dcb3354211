import { type Awaitable, chain } from "../../lib/awaitable.ts";
import type { Grant, Locks, Request } from "../../state/locks/locks.ts";
import type { Store } from "../../state/store.ts";
import type { CallContext, CurrentContext } from "../context.ts";
import { cannotWait } from "../waiting.ts";

/** A call's request without the parts that are the same for all calls. */
export type Wanted = Omit<Request, "name" | "task">;

/** What it needs of the run. */
interface LockingHost {
  readonly current: CurrentContext;
  readonly canWait: () => boolean;
}

/** A `with_lock` that has been entered and not left. */
interface Scope {
  readonly grant: Grant;
  readonly context: CallContext;
}

/** The locks of one store as scripts take them: for the task that calls, and as fences around its writes. */
export class Locking {
  /** By the number that Lua knows them by. */
  readonly #scopes = new Map<unknown, Scope>();
  #last = 0;

  constructor(
    readonly locks: Locks,
    private readonly store: Store,
    private readonly host: LockingHost,
  ) {}

  /**
   * Takes a lock for the task that calls; undefined when it was not to be had in time. Raises `bad_argument` where
   * `callee` would have to wait and must not: then it does not stand in the queue, and does not get the lock later.
   */
  acquire(callee: string, name: string, wanted: Wanted): Awaitable<Grant | undefined> {
    const { task } = this.host.current();
    const request = { name, ...(task !== undefined && { task }), ...wanted };
    if (this.host.canWait()) return this.locks.acquire(request);
    const grant = this.locks.acquire({ ...request, timeout: 0 });
    if (grant instanceof Promise)
      void grant.then((late) => late && this.locks.release(late, task)).catch(() => undefined);
    if (grant instanceof Promise || (grant === undefined && wanted.timeout > 0)) throw cannotWait(callee);
    return grant;
  }

  /** Whether the lock was this caller's, and is free now. */
  unlock(name: string, holder: string | undefined): Awaitable<boolean> {
    const { task } = this.host.current();
    return this.locks.unlock(name, {
      ...(task !== undefined && { task }),
      ...(holder !== undefined && { holder }),
    });
  }

  /** Takes a lock and makes what the caller writes depend on it; the number of the scope, if it was to be had. */
  enter(callee: string, name: string, wanted: Wanted): Awaitable<number | undefined> {
    const context = this.host.current();
    return chain(this.acquire(callee, name, wanted), (grant) => {
      if (grant === undefined) return undefined;
      this.#scopes.set(++this.#last, { grant, context });
      this.#fence(context);
      return this.#last;
    });
  }

  /** Ends a scope and releases its lock; nothing when it has ended before. */
  leave(number: unknown): Awaitable<undefined> {
    const scope = this.#scopes.get(number);
    if (scope === undefined) return undefined;
    this.#scopes.delete(number);
    this.#fence(scope.context);
    return chain(this.locks.release(scope.grant, scope.context.task), () => undefined);
  }

  /** Makes the writes of a context depend on all scopes that it is inside of. */
  #fence(context: CallContext): void {
    const grants = [...this.#scopes.values()].filter((scope) => isWithin(context, scope.context));
    if (grants.length === 0) delete context.fenced;
    else {
      const guard = this.locks.guard(grants.map(({ grant }) => grant));
      const fenced = this.store.with({ guard });
      context.fenced = new Map([...(context.fenced ?? []), [this.store, fenced]]);
    }
  }
}

/** Whether a coroutine is one, or was spawned from within it. */
function isWithin(context: CallContext | undefined, outer: CallContext): boolean {
  return context !== undefined && (context === outer || isWithin(context.parent, outer));
}
