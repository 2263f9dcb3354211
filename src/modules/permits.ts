import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";

/**
 * What a sandboxed script may be allowed: to start processes, to use the network, files, the environment, and those
 * functions of plugins that do not say what they do.
 */
export const PERMISSIONS = ["exec", "net", "fs", "env", "plugins"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What the scripts of a run may do outside of the state and of pure functions. */
export interface Permits {
  /** Whether a permission is given at all, be it for a part only. */
  any(permission: Permission): boolean;
  /** Whether `subject` is allowed; see `check`. */
  allows(permission: Permission, subject: string): boolean;
  /** Raises `denied` unless `subject` is allowed: a program, a host (with its port), an absolute path, a variable. */
  check(permission: Permission, subject: string, callee: string): void;
}

/** Everything is allowed. */
export const UNLIMITED: Permits = { any: () => true, allows: () => true, check: () => undefined };

/** Raises the error that names the permission and how to give it. */
export function deny(permission: Permission, callee: string, subject?: string): never {
  const grant = subject === undefined ? permission : `${permission}=${subject}`;
  const what = subject === undefined ? "" : ` for ${JSON.stringify(subject)}`;
  throw new RunnerError(
    "denied",
    `Cannot call ${callee}${what}: the script runs in a sandbox without the permission "${permission}". Allow it: --allow ${grant}`,
  );
}

/**
 * The permits of `--sandbox` with what `--allow` adds: `exec`, `net=example.com`, `fs=build`; without a subject it is
 * all of a kind. Paths start from `folder`. Raises `usage` for a permission that there is not.
 */
export function createPermits(grants: readonly string[], folder: string): Permits {
  const given = grants.flatMap((text) => text.split(",")).map((grant) => readGrant(grant, folder));
  const of = (permission: Permission) => given.filter((grant) => grant.permission === permission);
  const allows = (permission: Permission, subject: string) =>
    of(permission).some(({ only }) => only === undefined || covers(permission, only, subject));
  return {
    any: (permission) => of(permission).length > 0,
    allows,
    check(permission, subject, callee) {
      if (!allows(permission, subject)) deny(permission, callee, subject);
    },
  };
}

function readGrant(text: string, folder: string): { permission: Permission; only?: string } {
  const [name, ...rest] = text.split("=");
  const permission = PERMISSIONS.find((known) => known === name);
  if (permission === undefined) {
    throw new RunnerError(
      "usage",
      `Cannot use "--allow ${text}": expected ${PERMISSIONS.join(", ")}, or one of them for a part, such as net=example.com or fs=build.`,
    );
  }
  if (rest.length === 0) return { permission };
  const only = rest.join("=");
  if (only.trim() === "") {
    throw new RunnerError(
      "usage",
      `Cannot use "--allow ${text}": nothing stands after the "=". Name a part, or allow all of it: --allow ${name}`,
    );
  }
  if (permission === "fs") return { permission, only: realPath(resolve(folder, only)) };
  return { permission, only: permission === "exec" ? programAt(only, folder) : only };
}

/** Links that may follow each other (path_resolution(7)); those of a circle lead nowhere. */
const MOST_LINKS = 40;

/** Where a path really leads, as far as it exists: a link must not lead out of what is allowed. */
function realPath(path: string, links = MOST_LINKS): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const folder = realPath(parent, links);
    const target = links > 0 ? linkTarget(path) : undefined;
    // A link to what is not there: whoever writes to it makes that.
    return target === undefined ? join(folder, basename(path)) : realPath(resolve(folder, target), links - 1);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** What a program is allowed by: its name where PATH finds it, else its absolute path. */
export function programAt(program: string, folder: string): string {
  return /[\\/]/.test(program) ? resolve(folder, program) : program;
}

function covers(permission: Permission, only: string, subject: string): boolean {
  if (permission === "fs") {
    const inside = relative(only, realPath(subject));
    return inside === "" || !(inside === ".." || /^\.\.[\\/]/.test(inside) || isAbsolute(inside));
  }
  // A host without a port stands for all its ports.
  if (permission === "net") return subject === only || subject.replace(/:\d+$/, "") === only;
  return subject === only;
}
