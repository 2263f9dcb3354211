import type { Machine } from "../lib/machine.ts";
import { type Grant, Locks, type Request } from "../state/locks/locks.ts";
import { type Fixture, WRITER } from "./subject.ts";

/** Nothing is renewed: leases end when the test lets the time pass. */
const NO_RENEWAL = { hold() {}, drop() {}, close() {} };

/** Processes of one machine that the test starts and ends, and the clock of its boot. */
export class FakeMachine {
  /** Milliseconds since the boot. */
  boot = 1000;
  readonly #ended = new Set<number>();

  constructor(private readonly name = "web1") {}

  process(pid: number): Machine {
    return {
      self: { host: this.name, boot: `boot of ${this.name}`, pidns: "pid:[1]", pid, started: pid },
      bootTime: () => this.boot,
      hasEnded: ({ host, pid }) => host === this.name && this.#ended.has(pid),
      isLiving: ({ host, pid }) => host === this.name && !this.#ended.has(pid),
      startOf: (pid) => (this.#ended.has(pid) ? undefined : pid),
    };
  }

  end(pid: number): void {
    this.#ended.add(pid);
  }
}

/** The machines of a test, and the locks of three processes on them. */
export interface Machines {
  readonly web1: FakeMachine;
  readonly a: Locks;
  readonly b: Locks;
  readonly c: Locks;
}

/** Two processes of one machine and a third on another. */
export function processes({ backend }: Fixture): Machines {
  const web1 = new FakeMachine();
  const locks = (machine: Machine, run: string) =>
    new Locks(backend, { writer: { ...WRITER, run }, renewal: NO_RENEWAL, machine });
  return {
    web1,
    a: locks(web1.process(1), "run a"),
    b: locks(web1.process(2), "run b"),
    c: locks(new FakeMachine("web2").process(3), "run c"),
  };
}

/** In milliseconds. */
export const SECOND = 1000;

/** What a process asks for, a lease of 30 s at once unless the test says otherwise. */
export function wanted(options: Partial<Request> = {}): Request {
  return { name: "deploy", ttl: 30 * SECOND, timeout: 0, kind: "lease", ...options };
}

/** Takes a lock that is free; raises when it is not. */
export async function take(locks: Locks, options?: Partial<Request>): Promise<Grant> {
  const grant = await locks.acquire(wanted(options));
  if (grant === undefined) throw new Error("the lock was not to be had");
  return grant;
}

/** Lets both clocks go on. */
export function pass(t: Fixture, { web1 }: Machines, seconds: number): void {
  t.clock.advance(seconds);
  web1.boot += seconds * SECOND;
}
