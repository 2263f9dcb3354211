import { RedisClient } from "bun";
import { RunnerError } from "runner";
import { diagnose } from "./diagnose.ts";
import { explain, faultOf } from "./faults.ts";
import type { Place } from "./options.ts";
import { type Script, SETTLED_FOR_MS } from "./scripts.ts";
import { readTls } from "./tls.ts";

/** The pause before the second attempt to connect and the longest, in ms, before jitter. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;
/** How long after its first attempt a commit may be sent again: well within what the server remembers, in ms. */
const LAST_RETRY_MS = SETTLED_FOR_MS / 2;

/**
 * So many attempts fit into the time to wait: a line that went dead without anybody being told is left in time.
 */
const ATTEMPTS = 3;
const SHORTEST_ATTEMPT_MS = 1000;
/** Words that one call may have: the protocol takes 1024 × 1024. */
const MOST_WORDS = 1_000_000;

/** What is asked of the server. */
export interface Call {
  readonly script: Script;
  readonly words: readonly string[];
  /** What stands between the store's prefix and the names of keys; "" for the store itself. */
  readonly aside?: string;
  /** Whether it changes something, so that it must be known what became of it. */
  readonly commits?: true;
}

/**
 * A connection that comes back by itself, with pauses that grow. Calls wait for it, those whose answer was lost
 * are sent again: a commit has an id by which the server knows it.
 */
export class Connection {
  #client: RedisClient | undefined;
  #connecting: Promise<RedisClient> | undefined;
  #everConnected = false;
  #closed = false;

  /** @param patience how long a call may take in all, in ms. */
  constructor(
    private readonly place: Place,
    private readonly patience: number,
  ) {}

  /**
   * What the script answers. Raises `unavailable`, `damaged`, and `outcome_unknown` for a commit that may have
   * landed.
   */
  async run(call: Call): Promise<unknown[]> {
    if (call.words.length > MOST_WORDS) throw tooMany();
    const deadline =
      performance.now() + (call.commits ? Math.min(this.patience, LAST_RETRY_MS) : this.patience);
    let sent = false;
    for (let attempt = 0; ; attempt++) {
      let client: RedisClient;
      try {
        client = await this.#connect(deadline);
      } catch (error) {
        throw sent && call.commits ? this.#unknown(error) : error;
      }
      try {
        return await this.#evaluate(client, call, deadline);
      } catch (error) {
        const fault = faultOf(error);
        if (fault === "final") {
          const said = explain(error, this.place.shown);
          throw sent && call.commits ? this.#unknown(said) : said;
        }
        if (fault === "lost") {
          sent = true;
          this.#drop(client);
        }
        if (performance.now() >= deadline) {
          const over = fault === "busy" ? explain(error, this.place.shown) : this.#tooLong();
          throw sent && call.commits ? this.#unknown(over) : over;
        }
        if (fault === "busy" || attempt > 0) await pause(attempt);
      }
    }
  }

  /** Sends a command of the server's own. Raises what the client raises. */
  async send(command: string, ...words: string[]): Promise<unknown> {
    const client = await this.#connect(performance.now() + this.patience);
    return client.send(command, words);
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#client = undefined;
  }

  /** The client of an open connection. */
  async #connect(deadline: number): Promise<RedisClient> {
    if (this.#client?.connected) return this.#client;
    if (this.#closed) throw this.#unavailable("it has been closed.");
    this.#connecting ??= this.#open(deadline).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(deadline: number): Promise<RedisClient> {
    for (let attempt = 0; ; attempt++) {
      const client = createClient(this.place);
      try {
        await within(deadline - performance.now(), client.connect());
        if (this.#closed) client.close();
        this.#everConnected = true;
        this.#client = client;
        return client;
      } catch {
        client.close();
        const { why, passes } = await diagnose(this.place, deadline - performance.now());
        if (this.#closed) throw this.#unavailable("it has been closed.");
        // Who was never there is more likely misspelt than starting again.
        const isWorthIt = passes === "soon" || (passes === "perhaps" && this.#everConnected);
        if (!isWorthIt || performance.now() >= deadline) throw this.#unavailable(why);
        await pause(attempt);
      }
    }
  }

  async #evaluate(
    client: RedisClient,
    { script, words, aside = "" }: Call,
    deadline: number,
  ): Promise<unknown[]> {
    const args = ["1", `${this.place.prefix}${aside}meta`, ...words];
    const left = Math.min(
      deadline - performance.now(),
      Math.max(this.patience / ATTEMPTS, SHORTEST_ATTEMPT_MS),
    );
    try {
      return await within(left, client.send("EVALSHA", [script.sha1, ...args]));
    } catch (error) {
      if (faultOf(error) !== "unknown-script") throw error;
      return await within(left, client.send("EVAL", [script.source, ...args]));
    }
  }

  /** Whoever else waits for an answer by it hears that it is lost, too. */
  #drop(client: RedisClient): void {
    if (this.#client === client) this.#client = undefined;
    client.close();
  }

  #unknown(cause: unknown): RunnerError {
    const why = cause instanceof RunnerError ? cause.message : "";
    return new RunnerError(
      "outcome_unknown",
      `Cannot tell whether the change was made: the connection broke before the answer came. ${why} Look before you make it again.`,
      { cause },
    );
  }

  #tooLong(): RunnerError {
    return this.#unavailable(
      `it has not answered for ${this.patience / 1000} s. Try again, or raise state.busy_timeout.`,
    );
  }

  #unavailable(why: string): RunnerError {
    return new RunnerError("unavailable", `Cannot use "${this.place.shown}": ${why}`);
  }
}

function tooMany(): RunnerError {
  return new RunnerError("too_large", "Cannot ask Redis for so many keys at once. Take fewer at a time.");
}

/** A client that connects when told and never again by itself. */
export function createClient({ url, tls, connectTimeout }: Place): RedisClient {
  const secure = tls && {
    ...readTls(tls),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  };
  return new RedisClient(url, {
    autoReconnect: false,
    connectionTimeout: connectTimeout,
    ...(secure !== undefined && Object.keys(secure).length > 0 && { tls: secure }),
  });
}

/** Waits a while, longer after more attempts, never as long as others do. */
export function pause(attempt: number): Promise<void> {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
}

/** What comes of a promise within so many ms; then it counts as lost. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer")), Math.max(1, Math.min(ms, 2 ** 31 - 1)));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
