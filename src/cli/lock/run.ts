import { formatSpan, parseDuration } from "../../lib/duration.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Grant, Locks } from "../../state/locks/locks.ts";
import { openLocks } from "../../state/locks/open.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { parseTtl } from "../state/ttl-option.ts";
import { runInForeground } from "./foreground.ts";

const DEFAULT_TTL_MS = 30_000;
/** How often to look whether the lease is still ours, at least, in ms. */
const LONGEST_LOOK_MS = 1000;

/** `runner lock run`. */
export const command = defineCommand({
  args: {
    name: { type: "positional", description: "Name of the lock" },
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
same, the command is stopped (exit 4). The command finds the fencing token in RUNNER_LOCK_TOKEN.`,
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
    const grant = await locks.acquire({ name, ttl, timeout: wait, kind: "scope", ...label });
    try {
      if (grant === undefined) {
        const refusal = await notAcquired(locks, name, wait);
        if (conflict === undefined) throw refusal;
        process.stderr.write(`${refusal.message}\n`);
        return conflict;
      }
      return await runUnder(grant, { locks, ttl, argv: args.command });
    } finally {
      await locks.close();
    }
  },
});

async function runUnder(
  grant: Grant,
  { locks, ttl, argv }: { locks: Locks; ttl: number; argv: readonly string[] },
): Promise<number> {
  const lost = new AbortController();
  let seenAt = performance.now();
  const look = async () => {
    try {
      const held = await locks.inspect(grant.name);
      if (held?.lease.id !== grant.id) lost.abort();
      else seenAt = performance.now();
    } catch {
      // The store may be back before the lease has run out.
      if (performance.now() - seenAt > ttl) lost.abort();
    }
  };
  const token = (await locks.inspect(grant.name))?.lease.token;
  const timer = setInterval(look, Math.min(LONGEST_LOOK_MS, ttl / 3));
  try {
    const env = token === undefined ? {} : { RUNNER_LOCK_TOKEN: String(token) };
    const exitCode = await runInForeground(argv, { env, stop: lost.signal });
    if (!lost.signal.aborted) return exitCode;
    throw new RunnerError(
      "lock_lost",
      `Cannot finish ${JSON.stringify(argv[0])}: the lock "${grant.name}" was lost while it ran, so it was stopped. Start it again.`,
    );
  } finally {
    clearInterval(timer);
  }
}

async function notAcquired(locks: Locks, name: string, wait: number): Promise<RunnerError> {
  const held = await locks.inspect(name);
  const left = held?.secondsLeft === undefined ? "" : ` for another ${formatSpan(held.secondsLeft * 1000)}`;
  const who = held === undefined ? "others were before us" : `held by ${held.holder}${left}`;
  const time = wait === 0 ? "at once" : `in ${wait < 1000 ? `${wait / 1000} s` : formatSpan(wait)}`;
  return new RunnerError("lock_timeout", `Cannot acquire lock "${name}" ${time}: ${who}.`);
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
