/** A proxy that the environment names. */
export interface ProxyOf {
  readonly variable: string;
  /** The variable's value without a password. */
  readonly shown: string;
}

/** Pure: by which proxy the host's fetch asks for a URL, if by any. */
export function proxyOf(url: URL, env: Readonly<Record<string, string | undefined>>): ProxyOf | undefined {
  const name = `${url.protocol.slice(0, -1)}_proxy`;
  const variable = [name, name.toUpperCase()].find((candidate) => env[candidate]);
  if (variable === undefined) return undefined;
  const excepted = (env.no_proxy || env.NO_PROXY || "").split(",").map((entry) => entry.trim());
  const isExcepted = (entry: string) => {
    const host = entry.replace(/^\./, "");
    return entry === "*" || [url.hostname, url.host].some((own) => own === host || own.endsWith(`.${host}`));
  };
  if (excepted.some((entry) => entry !== "" && isExcepted(entry))) return undefined;
  return { variable, shown: (env[variable] ?? "").replace(/[^/@]*@/, "") };
}
