import type { Backend, Writer } from "../backends/backend.ts";
import type { Retention } from "../backends/retention.ts";
import type { Durability } from "../backends/sqlite/open.ts";
import { RunnerError } from "../lib/errors.ts";
import { join } from "../lib/path.ts";
import type { Store } from "./store.ts";

export type { Durability };

export interface OpenOptions {
  /** The name of a backend, as in `state.backend`. */
  readonly backend: string;
  /** The database file, for backends that have one. */
  readonly path: string;
  readonly durability: Durability;
  /** How long to wait for other processes, in ms. */
  readonly busyTimeout: number;
  /** Bytes that an encoded value may have. */
  readonly maxValueBytes: number;
  /** Who writes, for the history. */
  readonly writer: Writer;
  /** How much history is kept; all of it by default. */
  readonly retention?: Retention;
  /** The clock, in ms since the epoch; the machine's by default. */
  readonly now?: () => number;
}

export const KNOWN_BACKENDS: readonly string[] = ["sqlite", "memory"];

/** Opens a store; nothing is touched before it is used. Raises `invalid` for an unknown backend. */
export async function openStore(options: OpenOptions): Promise<Store> {
  const { writer, maxValueBytes } = options;
  const { Store } = await import("./store.ts");
  return new Store(await openBackend(options), { writer, maxValueBytes });
}

/** The backend of a name. Raises `invalid` for one that does not exist. */
export async function openBackend(options: Omit<OpenOptions, "writer" | "maxValueBytes">): Promise<Backend> {
  const { backend, ...rest } = options;
  switch (backend) {
    case "sqlite": {
      // Each loaded here alone, so that nothing else pays for the engine.
      const { SqliteBackend } = await import("../backends/sqlite/backend.ts");
      return new SqliteBackend(rest);
    }
    case "memory": {
      const { MemoryBackend } = await import("../backends/memory.ts");
      return new MemoryBackend(rest);
    }
    default:
      throw unknownBackend(backend);
  }
}

/** The database file behind a backend; undefined where it is no file. */
export function fileOf({ name, location }: Backend): string | undefined {
  return name === "sqlite" ? location : undefined;
}

/** The agent where none is named. */
export const DEFAULT_AGENT = "local";

const AGENT_NAME = /^(?!\.)[A-Za-z0-9._-]{1,64}$/;

/** Checks the name of an agent: 1 to 64 of A-Z a-z 0-9 . _ - and no dot in front. Raises `bad_argument`. */
export function checkAgentName(name: string): void {
  // Compiling the pattern takes longer than most commands need it for.
  if (name === DEFAULT_AGENT || AGENT_NAME.test(name)) return;
  throw new RunnerError(
    "bad_argument",
    `Cannot use ${JSON.stringify(name)} as an agent: names have 1 to 64 letters, digits, "." "_" "-", and no dot in front.`,
  );
}

/** The database file of an agent. Raises `bad_argument` for a bad name. */
export function agentPath(statePath: string, agent: string): string {
  checkAgentName(agent);
  return join(statePath, `${agent}.db`);
}

/** The error for a name that no backend has; `known` are those that there are. */
export function unknownBackend(
  name: string,
  known: readonly string[] = KNOWN_BACKENDS,
  hint = "",
): RunnerError {
  const list = known.join(", ");
  const advice = name === "sled" ? `Use sqlite in its place (known are: ${list}).` : `Known are: ${list}.`;
  return new RunnerError(
    "invalid",
    `Cannot use state backend "${name}": there is none of this name.${hint} ${advice}`,
  );
}
