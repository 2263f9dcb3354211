import { resolve } from "node:path";
import { fromBytes } from "../../lib/bytes.ts";
import { RunnerError } from "../../lib/errors.ts";
import { toTexts } from "../arguments.ts";
import { decodeJson, encodeJson } from "../data/json.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "../define.ts";
import type { ModuleHost } from "../host.ts";
import type { LuaRecord, LuaValue } from "../module.ts";
import type { ShowProgress } from "../progress.ts";
import type { ArgsOf, Shape, Words } from "../schema/words.ts";
import type { HttpRequest, HttpResponse } from "./request.ts";
import { isHttp } from "./url.ts";

const RESPONSE =
  "{ status: integer, ok: boolean, headers: table<string, string | string[]>, body: string, json: any, url: string }";

const fields = (z: Words) => ({
  headers: z.optional(z.record(z.either(z.string(), z.numeric()))),
  query: z.optional(z.record(z.either(z.either(z.string(), z.numeric()), z.boolean()))),
  body: z.optional(z.bytes()),
  json: z.any(),
  form: z.optional(z.record(z.either(z.string(), z.numeric()))),
  timeout: z.optional(z.duration()),
  retries: z.optional(z.integer(0, 20)),
  follow: z.optional(z.boolean()),
  check: z.optional(z.boolean()),
  save_as: z.optional(z.string()),
  max_size: z.optional(z.size()),
});
const optionsOf = (z: Words) => z.options(fields(z));
type Options = ArgsOf<ReturnType<typeof fields> & Shape>;

const OPTIONS_TEXT =
  'Options: headers, query, body, json (a value to send), form, timeout (for all of it, retries too; without one, 30 s in which nothing comes end a try), retries (how often to try again, of requests that may be sent twice; 0 if absent), follow (redirections to http:// and https://, ten at most; true unless it is false), check (another status than 2xx is an error), save_as (a file for the body, which takes its place when it is whole), max_size (of the body; 64MiB in memory). In what comes back, the names of headers are in lower case, and headers["set-cookie"] is a list.';

/** The methods of HTTP and WebDAV. Others would be sent as GET, which may do something else altogether. */
const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "COPY"],
  ...["MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "PURGE", "QUERY"],
];

function parseMethod(name: string): string {
  const method = name.toUpperCase();
  if (METHODS.includes(method)) return method;
  throw new RunnerError(
    "bad_argument",
    `http.request: argument 1, field "method": expected one of ${METHODS.join(", ")}, got ${JSON.stringify(name)}`,
  );
}

/** What the module gets from a run. */
export interface HttpHost extends ModuleHost {
  /** Shows how far a file is that comes; nothing is shown without it. */
  readonly showProgress?: ShowProgress;
}

/** The Lua module `http`. */
export function createHttpModule(host: HttpHost): ModuleDef {
  const method = (name: string, example: string): FunctionDef<never> =>
    defineFunction({
      description: `Sends a ${name} request; the answer, whatever its status. ${OPTIONS_TEXT}`,
      args: (z) => ({ url: z.string(), options: optionsOf(z) }),
      returns: RESPONSE,
      example,
      effect: true,
      waits: true,
      permission: "net",
      run: ({ url, options }) => send(host, `http.${name.toLowerCase()}`, name, url, options),
    });
  const refused = (call: string) =>
    `local ok, err = pcall(${call}, "http://127.0.0.1:1/")  assert(not ok and err.code == "unavailable")`;
  return {
    name: "http",
    description:
      "Requests over HTTP. Certificates are verified; SSL_CERT_FILE names authorities of your own. Proxies are those of the environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY.",
    functions: {
      get: method("GET", refused("http.get")),
      head: method("HEAD", refused("http.head")),
      post: method("POST", refused("http.post")),
      put: method("PUT", refused("http.put")),
      patch: method("PATCH", refused("http.patch")),
      delete: method("DELETE", refused("http.delete")),
      request: defineFunction({
        description: `Sends the request that a table describes: method, url, and what \`http.get\` takes. ${OPTIONS_TEXT}`,
        args: (z) => ({
          request: z.fields({ method: z.optional(z.string()), url: z.string(), ...fields(z) }),
        }),
        returns: RESPONSE,
        example: 'assert(not pcall(http.request, { url = "http://127.0.0.1:1/" }))',
        effect: true,
        waits: true,
        permission: "net",
        run: ({ request: { method: name = "GET", url, ...options } }) =>
          send(host, "http.request", parseMethod(name), url, options),
      }),
    },
  };
}

async function send(
  { current, permits, showProgress }: HttpHost,
  callee: string,
  method: string,
  address: string,
  options: Options,
): Promise<LuaValue> {
  const url = parseUrl(callee, address);
  for (const [name, value] of toTexts(options.query ?? {})) url.searchParams.append(name, value);
  const sent = content(callee, options);
  if (sent.body !== undefined && (method === "GET" || method === "HEAD")) {
    const field = (["body", "json", "form"] as const).find((name) => options[name] !== undefined);
    throw new RunnerError(
      "bad_argument",
      `${callee}: field "${field}": a ${method} request has no body. Take query, or another method.`,
    );
  }
  const context = current();
  const { cwd, signal } = context;
  const { save_as: name } = options;
  if (name !== undefined && method === "HEAD") {
    throw new RunnerError(
      "bad_argument",
      `${callee}: field "save_as": what answers a HEAD request has no body. Take GET.`,
    );
  }
  const path = name === undefined ? undefined : resolve(cwd, name);
  const permit = () => path !== undefined && permits.check("fs", path, callee);
  const saveAs = name === undefined || path === undefined ? undefined : { path, name, permit };
  permit();
  const { sendRequest }: typeof import("./request.ts") = require("./request.ts");
  const request: HttpRequest = {
    method,
    url,
    ...sent,
    timeout: options.timeout,
    retries: options.retries ?? 0,
    follow: options.follow ?? true,
    saveAs,
    maxBytes: options.max_size,
    signal,
    showProgress: showProgress && ((what, total) => showProgress(what, total, context)),
    allow: (next) => permits.check("net", next.host, callee),
  };
  const sending = sendRequest(request);
  // The task has not ended before what it has begun has been cleared away.
  context.running?.add(sending);
  const response = await sending.finally(() => context.running?.delete(sending));
  if (options.check && (response.status < 200 || response.status > 299)) {
    throw new RunnerError(
      "task_failed",
      `Cannot ${method} ${JSON.stringify(url.origin + url.pathname)}: it answered ${response.status}.`,
    );
  }
  return toTable(response);
}

function parseUrl(callee: string, address: string): URL {
  const url = URL.parse(address);
  if (url !== null && isHttp(url)) return url;
  throw new RunnerError(
    "bad_argument",
    `${callee}: argument 1 (url): expected a URL that begins with http:// or https://, got ${JSON.stringify(address)}`,
  );
}

/** Headers and body of a request. */
function content(callee: string, options: Options): Pick<HttpRequest, "headers" | "body"> {
  const headers = new Headers();
  try {
    for (const [name, value] of toTexts(options.headers ?? {})) headers.append(name, value);
  } catch {
    throw new RunnerError(
      "bad_argument",
      `${callee}: field "headers": a name or a value has characters that no header may have`,
    );
  }
  const given = (["body", "json", "form"] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    throw new RunnerError(
      "bad_argument",
      `${callee}: fields "${given.join('" and "')}": only one of them can be sent`,
    );
  }
  const setType = (type: string) => headers.has("content-type") || headers.set("content-type", type);
  if (options.json !== undefined) {
    setType("application/json");
    return { headers, body: encodeJson(options.json) };
  }
  if (options.form !== undefined) {
    setType("application/x-www-form-urlencoded");
    return { headers, body: new URLSearchParams(toTexts(options.form)).toString() };
  }
  return { headers, body: options.body };
}

/** `json` is there when the answer says that it is JSON, and it is. */
function toTable({ status, headers, body, url }: HttpResponse): LuaRecord {
  const text = fromBytes(body);
  const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
  const parsed = isJson && typeof text === "string" && text !== "" ? tryJson(text) : undefined;
  return {
    status,
    ok: status >= 200 && status < 300,
    // What sets cookies may have commas in it: each is one.
    headers: {
      ...Object.fromEntries(headers),
      ...(headers.has("set-cookie") && { "set-cookie": headers.getSetCookie() }),
    },
    body: text,
    url,
    ...(parsed !== undefined && { json: parsed }),
  };
}

function tryJson(text: string): LuaValue {
  try {
    return decodeJson(text);
  } catch (error) {
    if (error instanceof RunnerError) return undefined;
    throw error;
  }
}
