import type { Backend } from "../../backends/backend.ts";
import { formatSpan, parseDuration } from "../../lib/duration.ts";
import { letSignalsIn } from "../../lib/ending.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import type { Held } from "../../state/locks/held.ts";
import type { Grant, Locks } from "../../state/locks/locks.ts";
import { openLocks } from "../../state/locks/open.ts";
import { fileOf } from "../../state/open.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { parseTtl } from "../state/ttl-option.ts";
import { runInForeground } from "./foreground.ts";

const DEFAULT_TTL_MS = 30_000;
/** How often to look whether the lease is still ours, at least, in ms. */
const LONGEST_LOOK_MS = 500;

/** `runner lock run`. */
export const command = defineCommand({
  args: {
    name: { type: "positional", description: "Name of the lock", completes: "lock" },
    command: { type: "positional", rest: true, description: "Program and arguments, after --" },
    ttl: {
      type: "string",
      valueHint: "DURATION",
      description: "How long the lease outlives us if this machine dies (30s)",
    },
    wait: { type: "string", valueHint: "DURATION", description: "Give up after it; without it, wait" },
    holder: { type: "string", valueHint: "LABEL", description: "Hold it under a label" },
    "conflict-exit-code": {
      type: "string",
      valueHint: "N",
      description: "Exit code when it was not acquired (4)",
    },
    ...OUTPUT,
    ...STORE,
  },
  details: `Like flock(1), with leases: takes the lock, runs the command, releases the lock. The exit code is the command's own,
or 128 and the number of the signal that ended it. The lease is renewed while the command runs; if it is lost all the
same, the command is stopped (exit 4; 6 when the store itself is gone). Should runner itself be killed, nobody else on this machine gets the lock while
the command goes on. The command finds the fencing token in RUNNER_LOCK_TOKEN.`,
  examples: [
    "runner lock run nightly -- echo done",
    "runner lock run nightly --wait 5s --ttl 1m -- sh -c 'echo done'",
  ],
  async run({ args }) {
    const ttl = args.ttl === undefined ? DEFAULT_TTL_MS : parseTtl(args.ttl) * 1000;
    const wait = args.wait === undefined ? Infinity : parseWait(args.wait);
    const conflict = parseExitCode(args["conflict-exit-code"]);
    const { name, holder } = args;
    await using context = await openContext(args);
    const locks = openLocks(context.store, { command: args.command[0] ?? "", onSignal: "keep" });
    const label = holder === undefined ? {} : { holder };
    const wanted = { name, ttl, timeout: wait, kind: "scope", forCommand: true } as const;
    try {
      const grant = await locks.acquire({ ...wanted, ...label });
      const exitCode =
        grant === undefined
          ? await refuse(locks, { name, wait, conflict })
          : await runUnder(grant, { backend: context.store.backend, locks, ttl, argv: args.command });
      await locks.close();
      return exitCode;
    } catch (error) {
      await abandon(locks);
      throw error;
    }
  },
});

interface Locked {
  readonly backend: Backend;
  readonly locks: Locks;
  readonly ttl: number;
  readonly argv: readonly string[];
}

async function runUnder(grant: Grant, { backend, locks, ttl, argv }: Locked): Promise<number> {
  const lost = new AbortController();
  const stopped = (why: string) =>
    `Cannot finish ${JSON.stringify(argv[0])}: ${why} while it ran, so it was stopped.`;
  let seenAt = performance.now();
  const look = async () => {
    try {
      const held = await locks.inspect(grant.name);
      seenAt = performance.now();
      if (held?.lease.id === grant.id) return;
      const why = stopped(`the lock "${grant.name}" was lost`);
      lost.abort(new RunnerError("lock_lost", `${why} Start it again.`));
    } catch (error) {
      // A server may be back before the lease has run out; in place of a file there may be another, and free locks in it.
      if (fileOf(backend) === undefined && performance.now() - seenAt < ttl) return;
      const why = stopped(`the store of the lock "${grant.name}" was lost`);
      lost.abort(new RunnerError("unavailable", `${why} ${messageOf(error)}`));
    }
  };
  const token = (await locks.inspect(grant.name))?.lease.token;
  // A signal that has come by now is for us, every later one for the command.
  await letSignalsIn();
  const timer = setInterval(look, Math.min(LONGEST_LOOK_MS, ttl / 3));
  try {
    const env = token === undefined ? {} : { RUNNER_LOCK_TOKEN: String(token) };
    const exitCode = await runInForeground(argv, {
      env,
      stop: lost.signal,
      started: (pid) => void noteCommand(grant, pid, locks),
    });
    lost.signal.throwIfAborted();
    return exitCode;
  } finally {
    clearInterval(timer);
  }
}

/** Should we be killed, others see by this that the command still works under the lock. */
async function noteCommand(grant: Grant, pid: number, locks: Locks): Promise<void> {
  try {
    await locks.entrust(grant, pid);
  } catch {
    // Then others wait for the end of the lease, as if the command were about to be started.
  }
}

/** Releases what can be released, after an error that says more than one about that would. */
async function abandon(locks: Locks): Promise<void> {
  try {
    await locks.close();
  } catch {
    // The lease runs out by itself, or was lost with its store.
  }
}

interface Refused {
  readonly name: string;
  readonly wait: number;
  readonly conflict: number | undefined;
}

async function refuse(locks: Locks, { name, wait, conflict }: Refused): Promise<number> {
  const refusal = await notAcquired(locks, name, wait);
  if (conflict === undefined) throw refusal;
  process.stderr.write(`${refusal.message}\n`);
  return conflict;
}

async function notAcquired(locks: Locks, name: string, wait: number): Promise<RunnerError> {
  const held = await locks.inspect(name);
  const who = held === undefined ? "others were before us" : `held by ${held.holder}${describeLeft(held)}`;
  const time = wait === 0 ? "at once" : `in ${wait < 1000 ? `${wait / 1000} s` : formatSpan(wait)}`;
  return new RunnerError("lock_timeout", `Cannot acquire lock "${name}" ${time}: ${who}.`);
}

/** For how long yet: a lease that has run out is kept while the command under it lives. */
function describeLeft({ secondsLeft, lease: { command } }: Held): string {
  if (secondsLeft === undefined) return "";
  if (secondsLeft > 0) return ` for another ${formatSpan(secondsLeft * 1000)}`;
  const pid = command !== undefined && "pid" in command ? ` (pid ${command.pid})` : "";
  return ` while its command runs${pid}`;
}

function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new RunnerError("usage", `Cannot use "--wait ${text}": expected a duration such as "5s", or 0.`);
}

function parseExitCode(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  throw new RunnerError(
    "usage",
    `Cannot use "--conflict-exit-code ${text}": expected a number from 0 to 255.`,
  );
}
