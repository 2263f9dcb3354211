import { messageOf, RunnerError } from "../../lib/errors.ts";
import { Late } from "./deadline.ts";
import { proxyOf } from "./proxy.ts";

/** An answer that is none, and that would not be another the next time; `reason` is what is the case. */
export function astray(reason: string): RunnerError {
  return new RunnerError("unavailable", reason);
}

/** What a script is told of a request that came to nothing. */
export function explain(
  { method, url, signal }: { method: string; url: URL; signal?: AbortSignal | undefined },
  error: unknown,
): unknown {
  // The caller has to end: it is told why by what ends it.
  if (signal?.aborted && error === signal.reason) return error;
  const what = `Cannot ${method} ${JSON.stringify(url.origin + url.pathname)}`;
  if (error instanceof Late) {
    const message = `${what}: no answer in ${error.milliseconds / 1000} s.`;
    return new RunnerError("timeout", message, { cause: error });
  }
  if (error instanceof RunnerError) {
    const isOurs = error.code === "too_large" || error.code === "unavailable";
    return isOurs ? new RunnerError(error.code, `${what}: ${error.message}.`) : error;
  }
  return new RunnerError("unavailable", `${what}: ${reasonOf(error, url)}.`, { cause: error });
}

/** Why there was no answer, by the codes of the system and of the host's fetch. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused, nothing listens there",
  ECONNRESET: "the connection was closed before the answer was whole",
  EAI_AGAIN: "the address of the host cannot be found at the moment",
  ENOTFOUND: "there is no such host",
  EPROTO: "the TLS handshake failed",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
  Malformed_HTTP_Response: "what it answered is not HTTP",
  InvalidHTTPResponse: "what it answered is not HTTP",
  InvalidContentLength: "what it answered is not HTTP",
  ZlibError: "the body is not compressed as the answer says",
  BrotliDecompressionError: "the body is not compressed as the answer says",
  ZstdDecompressionError: "the body is not compressed as the answer says",
};
/** Those that are about the next machine on the way. */
const ON_THE_WAY = ["ECONNREFUSED", "EAI_AGAIN", "ENOTFOUND"];

function reasonOf(error: unknown, url: URL): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const proxy = proxyOf(url, process.env);
  if (code === "UnsupportedProxyProtocol") {
    return `its proxy, ${JSON.stringify(proxy?.shown)} of ${proxy?.variable}, is not at http:// or https://`;
  }
  // What is left of others' words is without their advice, which is for programmers.
  const reason =
    REASONS[code] ??
    messageOf(error)
      .replace(/^[A-Z_]+: /, "")
      .replace(/^(\w+) fetching .*/s, "the host gave up ($1)")
      .replace(/ (Is the computer able|For more information, pass) .*/s, "")
      .replace(/\.$/, "");
  if (proxy === undefined || !ON_THE_WAY.includes(code)) return reason;
  return `${reason}: its proxy, ${JSON.stringify(proxy.shown)} of ${proxy.variable}`;
}
