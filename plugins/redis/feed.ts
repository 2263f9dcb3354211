import type { RedisClient } from "bun";
import { Wakers } from "runner";
import { createClient, pause } from "./connection.ts";
import type { Place } from "./options.ts";

/**
 * How often it is made sure that no news got lost, in ms: a connection may be dead without anybody having been
 * told.
 */
const SAFETY_POLL_MS = 2000;

/** What a feed is told of. */
export interface FeedOptions {
  readonly place: Place;
  /** The newest revision, asked by another connection. */
  readonly revision: () => Promise<number>;
  /** Gets the revision and the ids of what a commit changed; undefined: anything. */
  readonly changed: (revision: number, ids: readonly string[] | undefined) => void;
}

/**
 * Hears of the commits of others, by a connection of its own which exists from the first wait on. After it broke,
 * those who wait are woken when something was committed meanwhile.
 */
export class Feed {
  readonly #wakers = new Wakers();
  #listening: Promise<void> | undefined;
  #client: RedisClient | undefined;
  #live = false;
  #poll: Timer | undefined;
  /** The newest revision that those who wait were woken for. */
  #seen = 0;
  #looking = false;
  #closed = false;

  constructor(private readonly options: FeedOptions) {}

  /** Whether every commit is heard of at this moment. */
  get live(): boolean {
    return this.#live;
  }

  /** The newest revision that was heard of. */
  get seen(): number {
    return this.#seen;
  }

  /** Resolves when something may have been committed since, or the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    this.listen();
    this.#poll ??= setInterval(() => void this.#look(), SAFETY_POLL_MS);
    try {
      await this.#wakers.add(signal);
    } finally {
      if (this.#wakers.size === 0) this.#stopPolling();
    }
  }

  /** Connects, and again whenever the connection broke, until `close`. */
  listen(): void {
    this.#listening ??= this.#listen();
  }

  /** Tells of a commit of this process, or that one was noticed. */
  notice(revision: number): void {
    if (revision <= this.#seen) return;
    this.#seen = revision;
    this.#wakers.wake();
  }

  close(): void {
    this.#closed = true;
    this.#live = false;
    this.#client?.close();
    this.#stopPolling();
    this.#wakers.wake();
  }

  async #listen(): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt++) {
      const broken = Promise.withResolvers<void>();
      try {
        const client = createClient(this.options.place);
        this.#client = client;
        client.onclose = () => broken.resolve();
        await client.connect();
        await client.subscribe(`${this.options.place.prefix}committed`, (message) => this.#hear(message));
        attempt = 0;
        const revision = await this.options.revision();
        // A server that lost its last changes counts on from below: then anything may be new.
        if (revision < this.#seen) this.#seen = -1;
        this.notice(revision);
        // What was remembered before may have changed before anybody listened.
        this.options.changed(Number.POSITIVE_INFINITY, undefined);
        this.#live = !this.#closed;
        if (!this.#closed) await broken.promise;
      } catch {
        // The calls of the others say what is wrong; this only has to come back.
      }
      this.#live = false;
      this.options.changed(Number.POSITIVE_INFINITY, undefined);
      this.#client?.close();
      if (!this.#closed) await pause(attempt);
    }
  }

  #hear(message: string): void {
    const [revision, ...ids] = message.split("\0");
    this.options.changed(Number(revision), ids[0] === "*" ? undefined : ids);
    this.notice(Number(revision));
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      this.notice(await this.options.revision());
    } catch {
      // The next look may succeed.
    } finally {
      this.#looking = false;
    }
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }
}
