/**
 * The server's clock as this process knows it: this machine's own, and how far that is off by the last answer that
 * said otherwise.
 */
export class ServerClock {
  #offset = 0;
  #synced = false;

  /** Whether the server has ever said what time it is. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Math.round(Date.now() + this.#offset);
  }

  /**
   * Takes in that the server's clock said `time` at some moment since `asked`, by this machine's clock; both in
   * ms.
   */
  learn(time: number, asked: number): void {
    const answered = Date.now();
    // It said so between question and answer, so that its clock now shows this at least and that at most.
    const [least, most] = [time, time + 1 + answered - asked];
    const shown = answered + this.#offset;
    if (!this.#synced || shown < least || shown > most) this.#offset = (least + most) / 2 - answered;
    this.#synced = true;
  }
}
