import { type Call, Connection } from "./connection.ts";
import type { Place } from "./options.ts";

/** Connections to one server: a call takes the one that the fewest others wait for. */
export class Pool {
  readonly #connections: readonly { readonly connection: Connection; waiting: number }[];

  /**
   * @param patience how long a call may take in all, in ms.
   * @param size connections at most; each is opened when those before it are in use.
   */
  constructor(place: Place, patience: number, size: number) {
    this.#connections = Array.from({ length: size }, () => ({
      connection: new Connection(place, patience),
      waiting: 0,
    }));
  }

  /** See `Connection.run`. */
  run(call: Call): Promise<unknown[]> {
    return this.#with((connection) => connection.run(call));
  }

  /** See `Connection.send`. */
  send(command: string, ...words: string[]): Promise<unknown> {
    return this.#with((connection) => connection.send(command, ...words));
  }

  close(): void {
    for (const { connection } of this.#connections) connection.close();
  }

  async #with<R>(work: (connection: Connection) => Promise<R>): Promise<R> {
    const chosen = this.#connections.reduce((best, one) => (one.waiting < best.waiting ? one : best));
    chosen.waiting++;
    try {
      return await work(chosen.connection);
    } finally {
      chosen.waiting--;
    }
  }
}
