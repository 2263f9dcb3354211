import { constants } from "node:os";
import { hasCode, isTerminal, STDERR, STDIN, STDOUT } from "../../lib/stdio.ts";

/** How long a command that was told to stop may take before it is killed, in ms. */
const STOP_GRACE_MS = 5000;
/** What shells give for a program that is not there, and for one that may not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const PASSED_ON = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT"] as const;

export interface ForegroundOptions {
  /** What its environment has besides ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it. */
  readonly stop: AbortSignal;
  /** Told its pid as soon as it runs. */
  readonly started: (pid: number) => void;
}

/**
 * Runs a program in our place: our input, output, terminal and process group are its own, and signals to us are for it.
 * Resolves to its exit code, or 128 and the number of the signal that ended it. `stop` ends it.
 */
export async function runInForeground(
  argv: readonly string[],
  { env, stop, started }: ForegroundOptions,
): Promise<number> {
  // What a terminal sends on Ctrl-C, it sends to the whole group: passed on, it would arrive twice.
  const fromTerminal = [STDIN, STDOUT, STDERR].some(isTerminal) ? ["SIGINT", "SIGQUIT"] : [];
  let child: Bun.Subprocess | undefined;
  const listeners = PASSED_ON.map((signal) => {
    const listener = () => void (fromTerminal.includes(signal) || child?.kill(signal));
    process.on(signal, listener);
    return { signal, listener };
  });
  let killTimer: Timer | undefined;
  const end = () => {
    child?.kill("SIGTERM");
    killTimer = setTimeout(() => child?.kill("SIGKILL"), STOP_GRACE_MS);
  };
  try {
    child = Bun.spawn([...argv], {
      stdio: ["inherit", "inherit", "inherit"],
      env: { ...process.env, ...env },
    });
    stop.addEventListener("abort", end);
    started(child.pid);
    const exitCode = await child.exited;
    const { signalCode } = child;
    return typeof signalCode === "string" ? 128 + constants.signals[signalCode] : exitCode;
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "EACCES")) throw error;
    const missing = hasCode(error, "ENOENT");
    const why = missing ? "there is no such program" : "it may not be executed";
    process.stderr.write(`Cannot run "${argv[0]}": ${why}.\n`);
    return missing ? NOT_FOUND : NOT_EXECUTABLE;
  } finally {
    clearTimeout(killTimer);
    stop.removeEventListener("abort", end);
    for (const { signal, listener } of listeners) process.off(signal, listener);
  }
}
