import { messageOf, RunnerError } from "runner";

/** How a call of the server went wrong. */
export type Fault =
  /** The connection broke: what was sent may have been done. */
  | "lost"
  /** The server refused for now and did nothing. */
  | "busy"
  /** It does not know the script. */
  | "unknown-script"
  | "final";

/** Codes of the client for an answer that says what is wrong. */
const ANSWERED = ["ERR_REDIS_SERVER_ERROR", "ERR_REDIS_INVALID_COMMAND"];
const BUSY = /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN)\b/;

const WORD = /\b(OOM|MISCONF|READONLY|MOVED|NOREPLICAS|NOPERM|NOAUTH|WRONGTYPE|RUNNER[A-Z]+)\b/;

/** What kind of fault an error of the client is. */
export function faultOf(error: unknown): Fault {
  if (error instanceof RunnerError) return "final";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!ANSWERED.includes(code)) return "lost";
  const message = messageOf(error);
  if (message.startsWith("NOSCRIPT")) return "unknown-script";
  return BUSY.test(message) ? "busy" : "final";
}

/** A final fault as users meet it. */
export function explain(error: unknown, shown: string): RunnerError {
  if (error instanceof RunnerError) return error;
  const message = messageOf(error);
  const fault = (code: "unavailable" | "damaged" | "too_large", why: string) =>
    new RunnerError(code, `Cannot use "${shown}": ${why}`, { cause: error });
  // Older servers put words of their own before what a script's command says.
  switch (WORD.exec(message)?.[0]) {
    case "OOM":
      return fault(
        "unavailable",
        "its memory is full. Nothing was changed. Free some, or raise its maxmemory.",
      );
    case "MISCONF":
      return fault(
        "unavailable",
        "it cannot write to its disk and takes no changes. Nothing was changed. See its log.",
      );
    case "READONLY":
      return fault(
        "unavailable",
        "it is a replica, which takes no changes. Nothing was changed. Name the primary in state.url.",
      );
    case "MOVED":
      return fault(
        "unavailable",
        `another node of the cluster has this store (${message}). Name that one in state.url.`,
      );
    case "NOREPLICAS":
      return fault(
        "unavailable",
        "too few replicas are there to take changes. Nothing was changed. Try again later.",
      );
    case "NOPERM":
    case "NOAUTH":
      return fault("unavailable", `its user may not do this (${message}). Give it more rights.`);
    case "WRONGTYPE":
      return fault(
        "damaged",
        "something else uses the keys of this store. Choose another state.options.prefix.",
      );
    case "RUNNERDAMAGED":
      return fault(
        "damaged",
        "an entry there is not as runner wrote it, or is missing. Bring back a backup of the server.",
      );
    case "RUNNERFORMAT":
      return fault("damaged", "a newer runner wrote this store. Use that one.");
    case "RUNNERREPLACED":
      return fault(
        "unavailable",
        message.trimEnd().endsWith("RUNNERREPLACED")
          ? "the store was deleted while this process worked on it (FLUSHDB, or a server without persistence that started again). Bring back a backup, and start again."
          : "the store was replaced by another one while this process worked on it. Start again.",
      );
    case "RUNNERSNAPSHOT":
      return fault(
        "unavailable",
        "reading took so long that the server forgot the moment it began. Start over.",
      );
    case "RUNNERWRITTEN":
      return fault(
        "unavailable",
        "others wrote to the store meanwhile, which takes so much at once only as its first change. Nothing was changed. Start over.",
      );
    case "RUNNERSTAGED":
      return fault(
        "unavailable",
        "what was to be loaded got lost on the way. Nothing was changed. Start over.",
      );
    default:
      if (message.includes("DB index"))
        return fault("unavailable", "it has no database of this number. Correct state.url.");
      return fault("unavailable", `it says: ${message.replace(/\.$/, "")}.`);
  }
}
