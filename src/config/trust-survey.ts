import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { checkOwnership } from "../lib/ownership.ts";
import type { SettingName } from "./config.ts";
import type { Environment } from "./environment.ts";
import { projectFileIn, readConfigFile } from "./files.ts";
import { fingerprint } from "./fingerprint.ts";
import { type Layer, layerOfFile } from "./layer.ts";
import { PLUGINS_FOLDER } from "./project.ts";
import { findDistrust, needsTrust, PAST, trustedPaths, trustFolder } from "./trust.ts";
import { listRecords, type TrustRecord, writeRecord } from "./trust-store.ts";

/** What somebody who trusts a folder trusts. */
export interface TrustSurvey {
  /** Absolute, without links. */
  readonly folder: string;
  /** What its config file says about stores and plugins. */
  readonly settings: Layer;
  /** The SHA-256 of its config file and of each plugin file. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Looks at what there is to trust in a folder. Raises `not_found` when there is none, `invalid` for a file, for a
 * config with mistakes, and for what others may change.
 */
export function surveyTrust(path: string, env: Environment): TrustSurvey {
  const folder = trustFolder(path);
  if (!statSync(folder).isDirectory()) {
    throw new RunnerError("invalid", `Cannot trust "${path}": it is a file. Name the folder that it is in.`);
  }
  checkOwnership(folder, "trust");
  const file = projectFileIn(folder);
  const layer = file === undefined ? {} : layerOfFile(file, readConfigFile(file), env);
  const names = Object.keys(layer).filter(needsTrust) as SettingName[];
  return {
    folder,
    settings: Object.fromEntries(names.map((name) => [name, layer[name]])),
    files: fingerprint(folder, trustedPaths(folder, file, layer), "trust"),
  };
}

/**
 * Trusts a folder that has neither settings nor plugins yet: what comes is then said to be new. False for one that has
 * them, which somebody has to look at, and where there is no home to remember it in.
 */
export function trustEmpty(path: string, home: string | undefined): boolean {
  const folder = trustFolder(path);
  const isEmpty = projectFileIn(folder) === undefined && !existsSync(join(folder, PLUGINS_FOLDER));
  if (!isEmpty || home === undefined) return false;
  writeRecord(home, { folder, trustedAt: Date.now(), files: {} });
  return true;
}

/** A folder that was trusted, and how it is now. */
export interface TrustedFolder {
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly trustedAt: number;
  readonly state: "trusted" | "changed" | "gone";
  /** Why it is not used as it is; absent while it is trusted. */
  readonly reason?: string;
}

/** The folders that the user trusts, by their paths. */
export function listTrusted(home: string, env: Environment): TrustedFolder[] {
  return listRecords(home).map((record) => {
    const { folder, trustedAt } = record;
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
      return { folder, trustedAt, state: "gone", reason: "it is not there any more" };
    }
    const reason = reasonAgainst(record, env);
    return reason === undefined
      ? { folder, trustedAt, state: "trusted" }
      : { folder, trustedAt, state: "changed", reason };
  });
}

function reasonAgainst(record: TrustRecord, env: Environment): string | undefined {
  try {
    const distrust = findDistrust(record, surveyTrust(record.folder, env).files);
    if (distrust === undefined || distrust.kind === "unknown") return undefined;
    return `${distrust.file} ${PAST[distrust.kind]}`;
  } catch (error) {
    if (error instanceof RunnerError) return error.message;
    throw error;
  }
}
