import type { Backend, Guard, Ref, Writer } from "../../backends/backend.ts";
import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { beforeEnding } from "../../lib/ending.ts";
import { RunnerError } from "../../lib/errors.ts";
import { type Machine, machine as thisMachine } from "../../lib/machine.ts";
import type { Calls } from "../access.ts";
import { checkTtl } from "../arguments.ts";
import { checkKey } from "../key.ts";
import { type Companion, Companions } from "./companions.ts";
import {
  type Answer,
  answerTo,
  type Claim,
  entrust,
  isInForce,
  isSameOwner,
  leave,
  release,
  take,
  type World,
} from "./decide.ts";
import { describeHeld, type Held } from "./held.ts";
import type { Lease, Owner } from "./lease.ts";
import type { Renewal } from "./renewal.ts";
import { forgetLost } from "./survey.ts";
import { Takings } from "./takings.ts";
import { Waiting } from "./waiting.ts";
import { createWorld, lockRef } from "./world.ts";

/** What is wanted of a lock. */
export interface Request {
  readonly name: string;
  /** The task that takes it; absent at the top level of a run. */
  readonly task?: string;
  /** A label; without it the lock is bound to this process and ends with the task. */
  readonly holder?: string;
  /** How long the lease lasts without renewal, in ms. */
  readonly ttl: number;
  /** How long to wait for the lock, in ms. */
  readonly timeout: number;
  /** `lease`: let run out. `renewed`: kept until released. `scope`: the same, and released with the task in any case. */
  readonly kind: "lease" | "renewed" | "scope";
  /** Whether it is for a command that will be started under it, and then `entrust`ed with it. */
  readonly forCommand?: true;
}

/** A lock that was taken: what a fence names. */
export interface Grant {
  readonly name: string;
  /** The acquisition. */
  readonly id: string;
}

export interface LocksOptions {
  readonly writer: Writer;
  /** Keeps leases alive. */
  readonly renewal: Renewal;
  /** What this process runs, as people shall see it in place of the run. */
  readonly command?: string;
  /** Whether a signal that ends this process releases its locks; by default it does. */
  readonly onSignal?: "release" | "keep";
  readonly machine?: Machine;
  /** Where the time is counted that was spent waiting. */
  readonly calls?: Calls;
}

/** The locks of one store, taken for the tasks of one run (SPEC.md section 1, "Locks"). */
export class Locks {
  readonly #backend: Backend;
  readonly #writer: Writer;
  readonly #renewal: Renewal;
  readonly #owner: Owner;
  readonly #machine: Machine;
  readonly #world: World;
  readonly #taken = new Takings();
  readonly #waiting = new Set<Waiting>();
  readonly #companions = new Companions();
  readonly #releasesOnSignal: boolean;
  readonly #calls: Calls | undefined;
  #callOff: (() => void) | undefined;
  #used = false;

  constructor(backend: Backend, options: LocksOptions) {
    const { writer, renewal, command, onSignal = "release", machine = thisMachine } = options;
    this.#calls = options.calls;
    this.#releasesOnSignal = onSignal === "release";
    this.#backend = backend;
    this.#writer = writer;
    this.#renewal = renewal;
    const { run } = writer;
    this.#owner = { ...machine.self, ...(run !== undefined && { run }), ...(command && { command }) };
    this.#machine = machine;
    this.#world = createWorld(machine);
  }

  /** Takes a lock, waiting for it if asked to; undefined when it was not to be had in time. */
  acquire(request: Request): Awaitable<Grant | undefined> {
    checkKey(request.name);
    // A lease that nobody renews has to end, or its name may be lost for ever.
    if (request.kind === "lease" || request.holder !== undefined) checkTtl(request.ttl / 1000);
    this.#used = true;
    const claim = this.#claim(request);
    const answer = this.#backend.update([lockRef(request.name)], take(claim, this.#world), this.#writer);
    return chain(answer, (given) => {
      if ("id" in given) return this.#granted(request, given.id);
      return claim.waits ? this.#wait(request, claim, given.ahead) : undefined;
    });
  }

  /** Notes that a process of this machine works under the lock: as long as it lives, it counts as this one does. */
  entrust({ name, id }: Grant, pid: number): Awaitable<boolean> {
    const started = this.#machine.startOf(pid);
    // It has ended by now, or this system cannot tell processes apart.
    if (started === undefined) return false;
    return this.#backend.update([lockRef(name)], entrust(id, { pid, started }, this.#world), this.#writer);
  }

  /** Ends one taking of a lock; false when it had been lost before. */
  release(grant: Grant, task?: string): Awaitable<boolean> {
    return this.#release(grant, 1, task);
  }

  /** Releases by name what the task holds without a label, or what anyone holds under `holder`; whether it was held. */
  unlock(name: string, { task, holder }: { task?: string; holder?: string }): Awaitable<boolean> {
    checkKey(name);
    const owner = this.#ownerFor(task);
    const which = (lease: Lease) =>
      lease.holder === holder && (holder !== undefined || isSameOwner(lease.owner, owner));
    const takings = holder === undefined ? 1 : Number.POSITIVE_INFINITY;
    const released = this.#backend.update(
      [lockRef(name)],
      release(which, takings, this.#world),
      this.#writer,
    );
    return chain(released, (id) => {
      if (id !== undefined && holder === undefined) this.#forget({ name, id }, 1, task);
      return id !== undefined;
    });
  }

  /** Who holds a lock; undefined when it is free. */
  inspect(name: string): Awaitable<Held | undefined> {
    checkKey(name);
    return chain(this.#backend.read([lockRef(name)]), ([entry]) =>
      describeHeld(entry, this.#backend.now(), this.#world),
    );
  }

  /** What makes writes fail with `lock_lost`, in the same atomic step, once one of the locks is not held any more. */
  guard(grants: readonly Grant[]): Guard {
    return {
      refs: grants.map(({ name }) => lockRef(name)),
      check: (entries, now) => {
        for (const [place, { name, id }] of grants.entries()) {
          if (!isInForce(id, entries[place], now, this.#world)) throw lockLost(name);
        }
      },
    };
  }

  /** Releases what a task still holds, and ends its waiting. */
  releaseTask(task?: string): Awaitable<void> {
    return chain(
      this.#releaseWhere((of) => of === task),
      () => this.#companions.releaseTask(task),
    );
  }

  /** Has something end with the tasks of this run, and with the run, as these locks do. */
  alongside(companion: Companion): void {
    this.#companions.add(companion);
  }

  /** Releases what this run still holds, stops to renew, and clears away what others left behind when they died. */
  close(): Awaitable<void> {
    const released = this.#releaseWhere(() => true);
    return chain(released, () => {
      this.#renewal.close();
      const closed = this.#companions.close();
      if (!this.#used) return closed;
      const forgotten = chain(closed, () => forgetLost(this.#backend, this.#writer, this.#world));
      return chain(forgotten, () => undefined);
    });
  }

  #releaseWhere(matches: (task: string | undefined) => boolean): Awaitable<void> {
    if (this.#waiting.size + this.#taken.size === 0) return;
    let released: Awaitable<unknown>;
    for (const waiting of this.#waiting) {
      const { name, claim } = waiting;
      if (!matches(claim.owner.task)) continue;
      waiting.abandon();
      released = chain(released, () => this.#backend.update([lockRef(name)], leave(claim.id), this.#writer));
    }
    for (const { grant, count, task } of this.#taken.list()) {
      if (matches(task)) released = chain(released, () => this.#release(grant, count, task));
    }
    return chain(released, () => undefined);
  }

  #release(grant: Grant, takings: number, task: string | undefined): Awaitable<boolean> {
    this.#forget(grant, takings, task);
    const which = ({ id }: Lease) => id === grant.id;
    const change = release(which, takings, this.#world);
    return chain(this.#backend.update([lockRef(grant.name)], change, this.#writer), (id) => id !== undefined);
  }

  async #wait(request: Request, claim: Claim, ahead: number): Promise<Grant | undefined> {
    const { name, timeout, task } = request;
    const refs = [lockRef(name)];
    const waiting = new Waiting(name, claim);
    const begin = performance.now();
    this.#waiting.add(waiting);
    try {
      const look = () => this.#look(refs, claim);
      const id = await waiting.untilOurs({ backend: this.#backend, look, timeout, ahead });
      if (!waiting.abandoned) {
        if (id !== undefined) return this.#granted(request, id);
        await this.#backend.update(refs, leave(claim.id), this.#writer);
        return undefined;
      }
      if (id !== undefined) await this.#release({ name, id }, 1, task);
    } finally {
      if (this.#calls !== undefined) this.#calls.lockWaitMs += performance.now() - begin;
      this.#waiting.delete(waiting);
    }
    // Its coroutine belongs to a task that has ended: it must not go on.
    return new Promise<never>(() => undefined);
  }

  /** Takes the lock when it is to be had; only then does it write. */
  async #look(refs: readonly Ref[], claim: Claim): Promise<Answer> {
    const [entry] = await this.#backend.read(refs);
    const { answer, next } = answerTo(claim, entry, this.#backend.now(), this.#world);
    return next === undefined ? answer : this.#backend.update(refs, take(claim, this.#world), this.#writer);
  }

  #granted({ name, task, holder, ttl, kind }: Request, id: string): Grant {
    const grant = { name, id };
    // A label's lease belongs to whoever has the label: this process does not answer for it.
    if (holder !== undefined && kind !== "scope") return grant;
    this.#taken.add(grant, task);
    // Who dies holding a lock is found out on this machine, but elsewhere only when the lease runs out.
    if (this.#releasesOnSignal)
      this.#callOff ??= beforeEnding({ act: () => this.#releaseWhere(() => true), when: "idle" });
    if (kind !== "lease") this.#renewal.hold({ ...grant, ttl });
    return grant;
  }

  #forget(grant: Grant, takings: number, task: string | undefined): void {
    if (!this.#taken.remove(grant, takings, task)) return;
    this.#renewal.drop(grant.id);
    if (this.#taken.size > 0) return;
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #claim({ task, holder, ttl, timeout, kind, forCommand }: Request): Claim {
    return {
      id: crypto.randomUUID(),
      owner: this.#ownerFor(task),
      ...(holder !== undefined && { holder }),
      // Where nobody else can see a lock, nobody needs an end of its lease to take it over.
      ttl: kind === "lease" || holder !== undefined || this.#backend.shared ? ttl : Number.POSITIVE_INFINITY,
      nests: holder === undefined || kind === "scope",
      waits: timeout > 0,
      ...(forCommand && { forCommand }),
    };
  }

  #ownerFor(task: string | undefined): Owner {
    return task === undefined ? this.#owner : { ...this.#owner, task };
  }
}

function lockLost(name: string): RunnerError {
  return new RunnerError(
    "lock_lost",
    `Cannot write under the lock "${name}": it has run out or was released, so that others may work now. ` +
      "Nothing was changed. Take the lock again and start over.",
  );
}
