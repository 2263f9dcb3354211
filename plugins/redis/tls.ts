import { readFileSync } from "node:fs";
import { messageOf, RunnerError } from "runner";
import type { TlsFiles } from "./options.ts";

/** What the files for TLS hold. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads the files for TLS. Raises `invalid` when one cannot be read. */
export function readTls({ ca, cert, key }: TlsFiles): TlsOptions {
  return {
    ...(ca !== undefined && { ca: read(ca, "ca") }),
    ...(cert !== undefined && { cert: read(cert, "cert") }),
    ...(key !== undefined && { key: read(key, "key") }),
  };
}

function read(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RunnerError(
      "invalid",
      `Cannot read "${path}" of state.options.${option}: ${messageOf(cause)}.`,
      { cause },
    );
  }
}
