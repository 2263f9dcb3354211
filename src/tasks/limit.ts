import { exitCodeOf, RunnerError } from "../lib/errors.ts";
import { lookWhileComputing } from "../lib/lookout.ts";
import { startTimer } from "../lib/timer.ts";
import type { Limit } from "../lua/coroutine.ts";
import { Watchdog } from "./watchdog.ts";
import type { WatchedRun } from "./watched-run.ts";

/** How long hooks may take, in ms, when there is no time left, and when a script has ended its run. */
const AFTER_TIMEOUT_MS = 1000;
const AFTER_EXIT_MS = 30_000;

/** The end of a run by `os.exit`: what it makes of the work that was under way. */
export class RunExit extends RunnerError {
  constructor(
    /** The exit code that the script gave. */
    readonly status: number,
    /** The task that called it; undefined for a workflow's handler. */
    readonly task: string | undefined,
  ) {
    super("aborted", `${task === undefined ? "a handler" : `"${task}"`} ended the run: os.exit(${status})`);
  }
}

/** What there is to say of a time limit besides its time. */
export interface TimeLimitOptions {
  /** What it ends with. */
  readonly parent?: Limit | undefined;
  /** When it began to count, by `performance.now()`; now if absent. */
  readonly since?: number;
  /** What ends, for the message when it cannot be ended: `task "build"`. Without it `what` names it, and no run. */
  readonly name?: string;
  /** The task that fails then; all that are under way if absent. */
  readonly task?: string;
  /** The exit code when it cannot be ended: by default that of a run whose time is over. */
  readonly exitCode?: number;
}

/** Those that count. */
const armed = new Set<TimeLimit>();
/** Of all of them. */
let watchdog: Watchdog | undefined;
let stopLooking: (() => void) | undefined;
/** What the watchdog ends when it ends this process. */
let watchedRun: WatchedRun | undefined;

/** Has the end of a run told also when only the watchdog can end it; `undefined` when it is over. */
export function watchRun(run: WatchedRun | undefined): void {
  watchedRun = run;
}

/** Looks whether the time of any is over: what computes keeps those that wait from being ended by an event. */
function lookAtAll(): void {
  watchdog?.beat();
  for (const limit of armed) limit.look();
}

/**
 * A time within which something has to end; those inside of it end with it. For waiting there is the signal, for
 * computing a look now and then, and for what cannot be asked the watchdog.
 */
export class TimeLimit implements Disposable, Limit {
  readonly #controller = new AbortController();
  readonly #deadline: number;
  readonly #parent: Limit | undefined;
  readonly #what: string;
  readonly #options: TimeLimitOptions;
  #watched: number | undefined;
  readonly #callOff: () => void;
  readonly #onParent = () => this.#controller.abort(this.#parent?.signal.reason);

  /** `what` begins the message of the error that ends it. */
  constructor(
    what: string,
    private readonly ms: number,
    options: TimeLimitOptions = {},
  ) {
    const { parent, since = performance.now() } = options;
    this.#what = what;
    this.#parent = parent;
    this.#options = options;
    this.#deadline = since + ms;
    this.#callOff = startTimer(this.#deadline - performance.now(), () => this.look());
    armed.add(this);
    stopLooking ??= lookWhileComputing(lookAtAll);
    if (parent?.signal.aborted) this.#onParent();
    else parent?.signal.addEventListener("abort", this.#onParent);
  }

  /** Aborted with a `timeout` error when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on, this process ends when the time is over and nothing can end what goes on. */
  readonly watch = (): void => {
    this.#parent?.watch?.();
    if (this.#watched !== undefined) return;
    const { name, task, exitCode = exitCodeOf("timeout") } = this.#options;
    const [which, next] =
      name === undefined
        ? ["", "Make that call smaller."]
        : [
            `Cannot stop ${name}: `,
            `Take it up again after the fix: ${watchedRun?.resume ?? "runner run --resume"}`,
          ];
    const message = `${which}${this.#message}, and Lua is inside of one call that nothing can interrupt, such as a search by a pattern. ${next}`;
    watchdog ??= new Watchdog();
    const ends = watchedRun && { run: watchedRun, overdue: { task, reason: this.#message, exitCode } };
    const left = this.#deadline - performance.now();
    this.#watched = watchdog.watch({ left, message, exitCode, ends });
  };

  /** Ends what `watch` began. */
  rest(): void {
    if (this.#watched !== undefined) watchdog?.drop(this.#watched);
    this.#watched = undefined;
  }

  /** Looks whether the time is over. */
  look(): void {
    if (this.signal.aborted || performance.now() < this.#deadline) return;
    this.#controller.abort(new RunnerError("timeout", this.#message));
  }

  get #message(): string {
    return `${this.#what} ${this.ms / 1000} s`;
  }

  [Symbol.dispose](): void {
    armed.delete(this);
    if (armed.size === 0) {
      stopLooking?.();
      stopLooking = undefined;
    }
    this.#callOff();
    this.rest();
    this.#parent?.signal.removeEventListener("abort", this.#onParent);
  }
}

/** The time of a call of `async.timeout`: whatever computes under it is watched, and what only waits costs nothing more. */
export function limitOfTimeout(ms: number, parent: Limit | undefined): Limit & Disposable {
  const time = new TimeLimit("Cannot finish a call of async.timeout: it took longer than", ms, { parent });
  let computing = 0;
  return {
    signal: time.signal,
    compute(now) {
      parent?.compute?.(now);
      computing += now ? 1 : -1;
      if (now && computing === 1) time.watch();
      else if (computing === 0) time.rest();
    },
    [Symbol.dispose]: () => time[Symbol.dispose](),
  };
}

/** The time for what follows the work: that of the work, or a last moment when that is over. */
export function limitAfter(limit: Limit): Limit & Disposable {
  const { signal } = limit;
  if (!signal.aborted) {
    const { watch } = limit;
    return { signal, ...(watch && { watch }), [Symbol.dispose]: () => undefined };
  }
  const ms = signal.reason instanceof RunExit ? AFTER_EXIT_MS : AFTER_TIMEOUT_MS;
  return new TimeLimit("it came after the end and took longer than", ms);
}

/** Milliseconds until the next attempt: the delay grows with each, is 30 s at most, and is shortened at random. */
export function retryDelay(
  attempt: number,
  {
    first = 1000,
    backoff = 2,
  }: { first?: number | undefined; backoff?: number | "linear" | "constant" | undefined },
  random: number,
): number {
  const growth = backoff === "constant" ? 1 : backoff === "linear" ? attempt : backoff ** (attempt - 1);
  // Between half and all of it, so that many who failed together do not come back together.
  return Math.min(first * growth, MOST_DELAY) * (0.5 + random / 2);
}

const MOST_DELAY = 30_000;
