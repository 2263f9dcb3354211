import { accessSync, constants } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { RunnerError, systemReason } from "../../lib/errors.ts";
import { version } from "../../lib/version.ts";
import type { Progress } from "../progress.ts";
import { createDeadline, type Deadline } from "./deadline.ts";
import { astray, explain } from "./explain.ts";
import { lengthOf, readBody, type SaveTarget, saveBody } from "./receive.ts";
import { isHttp } from "./url.ts";

/** Methods that may be sent again when no answer came: twice has the effect of once (RFC 9110, 9.2.2). */
const IDEMPOTENT = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
/** Answers that mean "later", not "no". */
const BUSY = [429, 502, 503, 504];
/** How long nothing may come, in ms, where no time for the whole was given. */
const SILENCE = 30_000;
/** Bytes that a body may have that is kept in memory. */
const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;

/** One request, complete. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: string | Uint8Array | undefined;
  /** Milliseconds for everything, from the first connection to the last byte; else 30 s of silence end a try. */
  readonly timeout?: number | undefined;
  /** How often to try again; only idempotent requests are. */
  readonly retries: number;
  readonly follow: boolean;
  /** A file for the body: its absolute path, and how errors call it. */
  readonly saveAs?: SaveTarget | undefined;
  /** Bytes that the body may have; without it 64 MiB in memory, and any number in a file. */
  readonly maxBytes?: number | undefined;
  /** Ends it when its caller has to end. */
  readonly signal?: AbortSignal | undefined;
  /** Begins to show how far a file is that comes. */
  readonly showProgress?: ((what: string, total: number | undefined) => Progress) | undefined;
  /** Raises when a host must not be asked; for where a redirection leads, too. */
  readonly allow: (url: URL) => void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where redirections led. */
  readonly url: string;
}

/**
 * Sends a request and resolves with the answer, whatever its status. Raises `timeout`, `too_large`, and `unavailable`
 * when there was none. Certificates are verified, by
 * the authorities of SSL_CERT_FILE too; proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
 */
export async function sendRequest(request: HttpRequest): Promise<HttpResponse> {
  const tries = IDEMPOTENT.includes(request.method) ? request.retries + 1 : 1;
  using whole = createDeadline(request.timeout ?? Number.POSITIVE_INFINITY, request.signal);
  const { signal } = whole;
  try {
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= tries;
      let asked: string | null = null;
      try {
        const response = await sendOnce(request, signal);
        if (last || !BUSY.includes(response.status)) return response;
        asked = response.headers.get("retry-after");
      } catch (error) {
        if (last || error instanceof RunnerError || signal.aborted) throw error;
      }
      await pause(pauseAfter(attempt, asked), signal);
    }
  } catch (error) {
    throw explain(request, error);
  }
}

/** Waits; rejects with the signal's reason when that says so. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch((error) => {
    throw signal.aborted ? signal.reason : error;
  });
}

function pauseAfter(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter ?? Number.NaN) * 1000;
  const pause = Number.isFinite(asked) ? asked : FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random());
  return Math.min(pause, LONGEST_PAUSE);
}

/** The host's fetch goes on without a file of authorities that it cannot read. */
function checkAuthorities(file: string | undefined): void {
  if (!file) return;
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw astray(`SSL_CERT_FILE names the file ${JSON.stringify(file)}: ${systemReason(error)}`);
  }
}

const MOST_REDIRECTIONS = 10;

async function sendOnce(request: HttpRequest, whole: AbortSignal): Promise<HttpResponse> {
  using deadline = createDeadline(request.timeout ?? SILENCE, whole);
  const { signal } = deadline;
  const headers = new Headers(request.headers);
  if (!headers.has("user-agent")) headers.set("user-agent", `runner/${version}`);
  let { url, method, body } = request;
  for (let hop = 0; ; hop++) {
    request.allow(url);
    if (url.protocol === "https:") checkAuthorities(process.env.SSL_CERT_FILE);
    // By hand, so that every host on the way is asked about, and none but the first gets the credentials.
    const response = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      // On a connection that was used before, a request might be sent a second time without being asked to.
      keepalive: false,
      signal,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says. Other authorities: SSL_CERT_FILE.
      tls: { rejectUnauthorized: true },
      ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
    });
    deadline.touch();
    const location = response.headers.get("location");
    if (!request.follow || location === null || response.status < 300 || response.status > 399) {
      return await receive(response, url, request, deadline);
    }
    await response.body?.cancel();
    if (hop >= MOST_REDIRECTIONS) throw astray(`it redirects more than ${MOST_REDIRECTIONS} times`);
    const next = URL.parse(location, url.href);
    if (next === null || !isHttp(next)) {
      throw astray(`it redirects to ${JSON.stringify(location)}, which is not at http:// or https://`);
    }
    if (next.origin !== url.origin) for (const name of ["authorization", "cookie"]) headers.delete(name);
    if (response.status === 303 || (response.status < 303 && method === "POST")) {
      method = method === "HEAD" ? "HEAD" : "GET";
      body = undefined;
      for (const name of ["content-type", "content-length"]) headers.delete(name);
    }
    url = next;
  }
}

async function receive(
  response: Response,
  url: URL,
  { maxBytes, saveAs, showProgress }: HttpRequest,
  deadline: Deadline,
): Promise<HttpResponse> {
  const { status, headers } = response;
  const save = saveAs !== undefined && status >= 200 && status < 300;
  using progress = save ? showProgress?.(saveAs.name, lengthOf(response)) : undefined;
  const receiving = {
    maxBytes: maxBytes ?? (save ? Number.POSITIVE_INFINITY : DEFAULT_MAX_BYTES),
    onChunk(bytes: number) {
      deadline.touch();
      progress?.advance(bytes);
    },
  };
  if (save) await saveBody(response, saveAs, receiving);
  const body = save ? new Uint8Array() : await readBody(response, receiving);
  return { status, headers, body, url: url.href };
}
