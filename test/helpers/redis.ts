import { connect } from "node:net";
import { RedisBackend } from "../../plugins/redis/backend.ts";
import { DEFAULT_RETENTION } from "../../src/backends/retention.ts";
import type { BackendOptions } from "../../src/plugins/contract.ts";
import { createFolder } from "./folder.ts";

const SERVER = Bun.which("redis-server");

/** Whether there is a server program to test with; says so where there is none. */
export const HAS_REDIS = SERVER !== null;
if (!HAS_REDIS) console.warn("redis-server is not installed: the tests of the redis backend are skipped.");

/** A server of the test's own. Leaving the `using` scope kills it and removes its folder. */
export interface RedisServer extends Disposable {
  readonly port: number;
  /** redis://127.0.0.1:PORT */
  readonly url: string;
  /** Where it keeps its files. */
  readonly folder: string;
  readonly pid: number;
  /** Ends it as a power failure would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again, with its files, on the same port. */
  restart(): Promise<void>;
}

/** Starts a server on a free port of this machine; `options` are its own, such as `--appendonly yes`. */
export async function startRedis(...options: readonly string[]): Promise<RedisServer> {
  const folder = createFolder();
  const port = freePort();
  const start = async () => {
    const { path } = folder;
    const basics = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", path];
    const started = Bun.spawn([SERVER ?? "redis-server", ...basics, ...options], {
      stdout: "ignore",
      stderr: "ignore",
    });
    await untilListening(port, started);
    return started;
  };
  let server = await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    folder: folder.path,
    get pid() {
      return server.pid;
    },
    async kill() {
      server.kill("SIGKILL");
      await server.exited;
    },
    async restart() {
      server = await start();
    },
    [Symbol.dispose]() {
      server.kill("SIGKILL");
      folder[Symbol.dispose]();
    },
  };
}

/** A backend on a server, by its URL; `agent` is `test` and others wait for 5 s unless said otherwise. */
export function openRedis(
  url: string,
  options: Partial<BackendOptions> = {},
): RedisBackend & AsyncDisposable {
  const backend = new RedisBackend({
    agent: "test",
    url,
    durability: "full",
    busyTimeout: 5000,
    cacheSize: 0,
    maxValueBytes: 64 * 2 ** 20,
    retention: DEFAULT_RETENTION,
    options: {},
    ...options,
  });
  return Object.assign(backend, { [Symbol.asyncDispose]: async () => backend.close() });
}

/**
 * A port on which nothing listens. It is below those that systems give out by themselves, so that no client or server of a
 * test at the same time gets it in between, nor while a server is down.
 */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    }
  }
}

async function untilListening(port: number, server: Bun.Subprocess): Promise<void> {
  while (!(await answers(port))) {
    if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
    await Bun.sleep(5);
  }
}

/** Whether somebody listens and, if it speaks plainly, has loaded its data. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", (bytes) => end(!bytes.toString().startsWith("-LOADING")));
    socket.on("error", () => end(false));
    // A server that speaks TLS hangs up.
    socket.on("close", () => end(true));
  });
}
