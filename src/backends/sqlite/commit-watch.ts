import type { FSWatcher } from "node:fs";
import { node } from "../../lib/node.ts";
import { Wakers } from "../wakers.ts";

/** How often the database is asked whether it changed, where no event tells of it, in ms. */
const POLL_MS = 100;
/** The same where events are to be relied on. */
const SAFETY_POLL_MS = 1000;
/** How soon to look again after the log was written to, in ms, and from which pause on no more. */
const FIRST_LOOK_MS = 1;
const LAST_LOOK_MS = 100;
/** Ears that nobody needs any more are kept for this long, in ms: who waits mostly waits again. */
const LINGER_MS = 1000;

/**
 * Notices commits, of other processes too, by what they write into the log beside the database. Costs a file
 * watcher and a slow timer while somebody waits, else nothing.
 */
export class CommitWatch {
  readonly #wakers = new Wakers();
  #watcher: FSWatcher | undefined;
  #poll: Timer | undefined;
  #linger: Timer | undefined;
  #again: Timer | undefined;
  #version: number | undefined;

  /**
   * @param path the database file.
   * @param version a number that changes when another connection commits; undefined while it cannot be told.
   */
  constructor(
    private readonly path: string,
    private readonly version: () => number | undefined,
  ) {}

  /** Resolves when something may have been committed since, or the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#listen();
    try {
      await this.#wakers.add(signal);
    } finally {
      if (this.#wakers.size === 0) this.#stopSoon();
    }
  }

  /** Tells of a commit of this process. */
  notice(): void {
    this.#wakers.wake();
  }

  close(): void {
    this.#stop();
    this.#wakers.wake();
  }

  #listen(): void {
    clearTimeout(this.#linger);
    // What was committed by now wakes those who wait already; the newcomer waits for what follows.
    this.#look();
    this.#hear();
    // Only inotify is known to tell of every write, whoever made it.
    const heard = this.#watcher !== undefined && process.platform === "linux";
    this.#poll ??= setInterval(() => this.#look(), heard ? SAFETY_POLL_MS : POLL_MS);
    this.#poll.ref();
  }

  #hear(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = node.fs.watch(`${this.path}-wal`, { persistent: false }, () =>
        this.#lookForAWhile(FIRST_LOOK_MS),
      );
      this.#watcher.on("error", () => this.#deafen());
    } catch {
      // No log yet, or a system out of watches: then the poll alone notices.
    }
  }

  /**
   * The log is written to before the commit can be seen, and events that follow each other within a millisecond
   * come as one: looks again and again, ever more rarely.
   */
  #lookForAWhile(pause: number): void {
    clearTimeout(this.#again);
    this.#look();
    if (pause >= LAST_LOOK_MS) return;
    this.#again = setTimeout(() => this.#lookForAWhile(pause * 2), pause);
  }

  /** Wakes those who wait if another connection has committed. */
  #look(): void {
    const version = this.version();
    if (version === this.#version) return;
    this.#version = version;
    this.#wakers.wake();
  }

  #stopSoon(): void {
    this.#poll?.unref();
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.#stop(), LINGER_MS);
    this.#linger.unref();
  }

  #stop(): void {
    for (const timer of [this.#poll, this.#linger, this.#again]) clearTimeout(timer);
    this.#poll = undefined;
    this.#deafen();
  }

  #deafen(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
