import { connect as connectPlainly, isIP } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { messageOf } from "runner";
import type { Place } from "./options.ts";
import { readTls } from "./tls.ts";

/** Why there is no connection. */
export interface Diagnosis {
  /** The end of a sentence, and what to do. */
  readonly why: string;
  /** Whether it comes about without anybody's doing. */
  readonly passes: "soon" | "perhaps" | "never";
}

/** Bytes of an answer that are looked at. */
const MOST = 4096;
/** How long an answer is waited for, in ms. */
const SHORTEST_MS = 200;
const LONGEST_MS = 2000;

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there. Start the server, or correct state.url.",
  ENOTFOUND: "there is no host of this name. Correct state.url.",
  EAI_AGAIN: "its name could not be looked up. Check the network.",
  EHOSTUNREACH: "there is no way to it. Check the network.",
  ENETUNREACH: "there is no way to it. Check the network.",
  ETIMEDOUT: "it does not answer. Check the address and the network.",
};

/**
 * Finds out why the client, which only says that there is no connection, could not connect: speaks to the server
 * as the client does and reads what it says, for `patience` ms at most.
 */
export async function diagnose(place: Place, patience: number): Promise<Diagnosis> {
  try {
    return explainAnswer(await ask(place, Math.min(Math.max(patience, SHORTEST_MS), LONGEST_MS)), place);
  } catch (error) {
    const code = codeOf(error);
    const known = NETWORK[code];
    if (known !== undefined) return { why: known, passes: "perhaps" };
    const why = `${messageOf(error)}${code === "" ? "" : ` (${code})`}`;
    return place.tls === undefined
      ? { why: `${why}. Check the address and the network.`, passes: "perhaps" }
      : {
          why: `no secure connection came about: ${why}. Check state.options.ca and the server's certificate.`,
          passes: "never",
        };
  }
}

function explainAnswer({ answer, ended }: Said, { tls, username }: Place): Diagnosis {
  const lines = answer.split("\r\n");
  const error = lines.find((line) => line.startsWith("-"))?.slice(1) ?? "";
  if (answer === "") {
    if (!ended)
      return { why: "it takes connections but does not answer. Look after the server.", passes: "perhaps" };
    const hint = tls === undefined ? 'If it speaks TLS, write "rediss://".' : "Check the address.";
    return { why: `it hangs up without an answer. ${hint}`, passes: "perhaps" };
  }
  if (!/^[+\-:$*%]/.test(answer))
    return { why: "what answers there is not Redis. Check the address.", passes: "never" };
  if (
    error.startsWith("WRONGPASS") ||
    error.includes("invalid username-password") ||
    error.includes("without any password")
  ) {
    const who = username === "" ? "" : ` or the user "${username}"`;
    return { why: `the password${who} is wrong. Correct it in state.url.`, passes: "never" };
  }
  if (error.startsWith("NOAUTH")) {
    return { why: "it wants a password. Write it into state.url: redis://:PASSWORD@HOST.", passes: "never" };
  }
  if (error.includes("DB index"))
    return { why: "it has no database of this number. Correct state.url.", passes: "never" };
  if (/unknown command|NOPROTO/i.test(error)) {
    return { why: "it is older than Redis 6. Use a newer one.", passes: "never" };
  }
  if (error.startsWith("LOADING")) return { why: "it is still loading its data. Try again.", passes: "soon" };
  if (error !== "")
    return {
      why: `it says: ${error.replace(/\.$/, "")}.`,
      passes: /^(NOPERM|DENIED)/.test(error) ? "never" : "perhaps",
    };
  return { why: "the connection broke. Try again.", passes: "perhaps" };
}

interface Said {
  readonly answer: string;
  /** Whether the server hung up. */
  readonly ended: boolean;
}

/** What the server says to a greeting, the password and a question, as far as it comes. */
function ask(place: Place, patience: number): Promise<Said> {
  const { host, port, username, password, database, tls } = place;
  const login =
    password === "" ? [] : username === "" ? [["AUTH", password]] : [["AUTH", username, password]];
  const questions = [...login, ["HELLO", "3"], ["SELECT", String(database)], ["PING"]];
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket =
      tls === undefined
        ? connectPlainly({ host, port })
        : connectSecurely({ host, port, ...readTls(tls), ...nameOf(tls.serverName ?? host) });
    const finish = (ended: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, ended });
    };
    const timer = setTimeout(() => finish(false), patience);
    socket.on(tls === undefined ? "connect" : "secureConnect", () => {
      for (const words of questions) socket.write(commandOf(words));
    });
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      if (
        answer.length > MOST ||
        answer.includes("+PONG") ||
        !/^[+\-:$*%]/.test(answer) ||
        /\r\n-|^-/.test(answer)
      )
        finish(false);
    });
    socket.on("end", () => finish(true));
    socket.on("error", (error) => {
      // Somebody was there, and had enough of us.
      if (answer === "" && !["ECONNRESET", "EPIPE"].includes(codeOf(error))) reject(error);
      finish(true);
    });
  });
}

/** Addresses are not sent as names. */
function nameOf(server: string): { servername?: string } {
  return isIP(server) === 0 ? { servername: server } : {};
}

/** A command as the protocol has it: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function commandOf(words: readonly string[]): string {
  const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulk.join("")}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
