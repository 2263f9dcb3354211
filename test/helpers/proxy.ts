import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A line between client and server that can be cut. Leaving the `await using` scope ends it. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /**
   * `open`: everything gets through. `mute`: the server's answers do not; the next one cuts the line. `twice`: what is
   * asked arrives twice, the first time on a line from which nobody reads.
   */
  mode: "open" | "mute" | "twice";
  /** How many answers were swallowed. */
  readonly swallowed: number;
  /** Resolves when the next answer was swallowed. */
  untilSwallowed(): Promise<void>;
  /** Cuts all lines and lets nobody in any more. */
  cut(): void;
}

/** Opens a line to a port of this machine, on which answers take `delay` ms longer. */
export async function openProxy(to: number, { delay = 0 } = {}): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let mode: Proxy["mode"] = "open";
  let refusing = false;
  let swallowed = 0;
  let next = Promise.withResolvers<void>();
  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: "127.0.0.1", port: to });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (mode !== "twice") {
        upstream.write(bytes);
        return;
      }
      const other = connect({ host: "127.0.0.1", port: to });
      other.write(bytes);
      other.once("data", () => {
        other.destroy();
        upstream.write(bytes);
      });
    });
    upstream.on("data", (bytes) => {
      if (mode !== "mute") {
        if (delay === 0) client.write(bytes);
        else setTimeout(() => client.write(bytes), delay);
        return;
      }
      mode = "open";
      swallowed++;
      client.destroy();
      next.resolve();
      next = Promise.withResolvers();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const cut = () => {
    refusing = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    get mode() {
      return mode;
    },
    set mode(wanted) {
      mode = wanted;
    },
    get swallowed() {
      return swallowed;
    },
    untilSwallowed: () => next.promise,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
    },
  };
}
