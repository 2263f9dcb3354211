import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { version } from "../../lib/version.ts";

/** Methods that may be sent again when no answer came: twice has the effect of once (RFC 9110, 9.2.2). */
const IDEMPOTENT = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
/** Answers that mean "later", not "no". */
const BUSY = [429, 502, 503, 504];
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;

/** One request, complete. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: string | Uint8Array | undefined;
  /** Milliseconds for everything, from the connection to the last byte; for each try. */
  readonly timeout: number;
  /** How often to try again; only idempotent requests are. */
  readonly retries: number;
  readonly follow: boolean;
  /** Absolute path of a file for the body. */
  readonly saveAs?: string | undefined;
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
 * Sends a request and resolves with the answer, whatever its status. Raises `timeout`, and `unavailable` when there
 * was none. Certificates are verified; proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
 */
export async function sendRequest(request: HttpRequest): Promise<HttpResponse> {
  const tries = IDEMPOTENT.includes(request.method) ? request.retries + 1 : 1;
  for (let attempt = 1; ; attempt++) {
    const last = attempt >= tries;
    try {
      const response = await sendOnce(request);
      if (last || !BUSY.includes(response.status)) return response;
      await Bun.sleep(pauseAfter(attempt, response.headers.get("retry-after")));
    } catch (error) {
      if (last || (error instanceof RunnerError && error.code === "denied")) throw explain(request, error);
      await Bun.sleep(pauseAfter(attempt, null));
    }
  }
}

function pauseAfter(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter ?? Number.NaN) * 1000;
  const pause = Number.isFinite(asked) ? asked : FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random());
  return Math.min(pause, LONGEST_PAUSE);
}

const MOST_REDIRECTIONS = 10;

async function sendOnce(request: HttpRequest): Promise<HttpResponse> {
  const signal = AbortSignal.timeout(request.timeout);
  const headers = new Headers(request.headers);
  if (!headers.has("user-agent")) headers.set("user-agent", `runner/${version}`);
  let { url, method, body } = request;
  for (let hop = 0; ; hop++) {
    request.allow(url);
    // By hand, so that every host on the way is asked about, and none but the first gets the credentials.
    const response = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      signal,
      ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
    });
    const location = response.headers.get("location");
    if (!request.follow || location === null || response.status < 300 || response.status > 399) {
      return await receive(response, url, request.saveAs);
    }
    await response.body?.cancel();
    if (hop >= MOST_REDIRECTIONS) throw new Error(`it redirects more than ${MOST_REDIRECTIONS} times`);
    const next = new URL(location, url);
    if (next.origin !== url.origin) for (const name of ["authorization", "cookie"]) headers.delete(name);
    if (response.status === 303 || (response.status < 303 && method === "POST")) {
      method = method === "HEAD" ? "HEAD" : "GET";
      body = undefined;
      for (const name of ["content-type", "content-length"]) headers.delete(name);
    }
    url = next;
  }
}

async function receive(response: Response, url: URL, saveAs: string | undefined): Promise<HttpResponse> {
  const { status, headers } = response;
  const ok = status >= 200 && status < 300;
  const save = saveAs !== undefined && ok;
  if (save) await saveBody(response, saveAs);
  const body = save ? new Uint8Array() : await response.bytes();
  return { status, headers, body, url: url.href };
}

/** Writes the body as it comes, into a file that takes its place only when it is whole. */
async function saveBody(response: Response, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  const file = createWriteStream(temporary);
  try {
    await once(file, "open");
    for await (const chunk of response.body ?? []) {
      if (!file.write(chunk)) await once(file, "drain");
    }
    file.end();
    await once(file, "close");
    await rename(temporary, path);
  } catch (error) {
    file.destroy();
    await rm(temporary, { force: true });
    throw error;
  }
}

function explain(request: HttpRequest, error: unknown): RunnerError {
  if (error instanceof RunnerError) return error;
  const what = `Cannot ${request.method} ${JSON.stringify(request.url.origin + request.url.pathname)}`;
  if (error instanceof Error && error.name === "TimeoutError") {
    return new RunnerError("timeout", `${what}: no answer in ${request.timeout / 1000} s.`, { cause: error });
  }
  return new RunnerError("unavailable", `${what}: ${messageOf(error)}`, { cause: error });
}
