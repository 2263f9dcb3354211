import { isEnding, isHearingDue, letSignalsIn } from "../lib/ending.ts";

/**
 * The pauses of a coroutine that computes for long, in which this thread hears of signals. Lua does not notice them: no
 * other coroutine of its VM runs meanwhile, as none would without the pause.
 */
export class Pauses {
  /** Whether a coroutine is on its way out to pause: whatever it was resumed by yields with it. */
  #isBeginning = false;
  /** Settles when the pause is over. */
  #over: Promise<void> | undefined;

  /** Whether the coroutine that computes has done so for long enough. */
  get isDue(): boolean {
    return isHearingDue();
  }

  get isBeginning(): boolean {
    return this.#isBeginning;
  }

  begin(): void {
    this.#isBeginning = true;
  }

  /** Calls a pause off that is beginning; returns whether there was one. */
  callOff(): boolean {
    const wasBeginning = this.#isBeginning;
    this.#isBeginning = false;
    return wasBeginning;
  }

  /** Pauses, and calls `goOn` before anybody else gets to run Lua; never when a signal ends this process. */
  pause(goOn: () => void): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#over = promise;
    void letSignalsIn().then(() => {
      if (isEnding()) return;
      this.#over = undefined;
      goOn();
      resolve();
    });
  }

  /** Calls `enter`, which runs Lua, when nobody pauses: at once, nearly always. */
  after(enter: () => void): void {
    if (this.#over === undefined) enter();
    else void this.#over.then(() => this.after(enter));
  }
}
