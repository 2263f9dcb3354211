import { type BackendOptions, RunnerError, z } from "runner";

/** `state.options` of this backend. */
const OPTIONS = z.strictObject({
  prefix: z
    .string()
    .regex(/^[^{}\s]{1,64}$/, 'expected 1 to 64 characters without spaces, "{" and "}"')
    .default("runner")
    .describe("What all keys begin with"),
  connect_timeout: z.number().min(0.1).default(5).describe("Seconds"),
  ca: z.string().optional().describe("A file with the certificates to trust, in PEM"),
  cert: z.string().optional().describe("A file with the certificate to show, in PEM"),
  key: z.string().optional().describe("A file with its key, in PEM"),
  server_name: z.string().optional().describe("The name that the server's certificate is for"),
});

/** What TLS is done with, beyond what the machine trusts. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
}

/** Where the server is and how to get in. */
export interface Place {
  /** The whole URL, with its password: for the client alone. */
  readonly url: string;
  /** For people: without user and password. */
  readonly shown: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly tls: TlsFiles | undefined;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** What all keys begin with: one hash tag, so that a cluster keeps them in one place. */
  readonly prefix: string;
  /** The store, as people see it. */
  readonly location: string;
}

/** Reads URL and options. Raises `invalid` for what is wrong with them. */
export function parsePlace({ agent, url = "redis://127.0.0.1:6379", options }: BackendOptions): Place {
  const parsed = OPTIONS.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = ["state.options", ...(issue?.path ?? [])].join(".");
    throw new RunnerError(
      "invalid",
      `Cannot use "${path}": ${issue?.message}. Known are: ${Object.keys(OPTIONS.shape).join(", ")}.`,
    );
  }
  const address = parseUrl(url);
  const { prefix, connect_timeout, ca, cert, key, server_name } = parsed.data;
  const database = Number(address.pathname.replace(/^\//, "") || "0");
  if (!Number.isSafeInteger(database) || database < 0)
    throw badUrl(address, "its path is not the number of a database");
  const secure = address.protocol === "rediss:";
  if (!secure && (ca ?? cert ?? key ?? server_name) !== undefined) {
    throw badUrl(address, 'there are options for TLS, which only "rediss://" has');
  }
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(server_name !== undefined && { serverName: server_name }),
  };
  const port = Number(address.port || "6379");
  const shown = `${address.protocol}//${address.hostname}:${port}/${database}`;
  return {
    url,
    shown,
    host: address.hostname.replace(/^\[|\]$/g, ""),
    port,
    username: decodeURIComponent(address.username),
    password: decodeURIComponent(address.password),
    database,
    tls: secure ? tls : undefined,
    connectTimeout: connect_timeout * 1000,
    prefix: `{${prefix}:${agent}}:`,
    location: `${shown}#${prefix}:${agent}`,
  };
}

function parseUrl(url: string): URL {
  const address = URL.parse(url);
  // Not shown: what it is meant to be may hold a password.
  if (address === null || address.hostname === "") {
    throw new RunnerError(
      "invalid",
      'Cannot use "state.url": it is no URL. Write redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT/DATABASE.',
    );
  }
  if (address.protocol !== "redis:" && address.protocol !== "rediss:") {
    throw badUrl(address, 'it begins neither with "redis://" nor with "rediss://"');
  }
  return address;
}

function badUrl({ protocol, host }: URL, why: string): RunnerError {
  return new RunnerError(
    "invalid",
    `Cannot use "${protocol}//${host}": ${why}. Write redis://HOST:PORT/DATABASE.`,
  );
}
