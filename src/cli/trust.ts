import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DEFAULTS, type SettingName } from "../config/config.ts";
import { findHome, needHome } from "../config/home.ts";
import { trustFolder } from "../config/trust.ts";
import { removeRecord, writeRecord } from "../config/trust-store.ts";
import { listTrusted, surveyTrust, type TrustSurvey } from "../config/trust-survey.ts";
import { RunnerError } from "../lib/errors.ts";
import { escapeControls, plural } from "../lib/text.ts";
import { defineCommand } from "./command.ts";
import { confirm } from "./confirm.ts";
import { OUTPUT, YES } from "./options.ts";
import type { Output } from "./output.ts";
import { projectFolder } from "./project-folder.ts";
import { secretMatcher } from "./secrets.ts";
import { maskSecrets, settingText } from "./setting-text.ts";
import { renderFacts, renderTable } from "./table.ts";
import { formatTime } from "./timeline.ts";

const COLUMNS = [{ title: "FOLDER", flexible: true }, { title: "TRUSTED" }, { title: "NOW" }] as const;

/** `runner trust`. */
export const command = defineCommand({
  args: {
    directory: {
      type: "positional",
      required: false,
      description: "The project's folder; without it that of the runner.yaml or runner.lua here or above",
    },
    list: { type: "boolean", description: "The folders that you trust, and whether they have changed" },
    remove: { type: "boolean", description: "Trust the folder no longer" },
    ...YES,
    ...OUTPUT,
  },
  details: `A project's runner.yaml may choose another store, and its plugins are code. "run", "list", "check" and
"graph" follow both as they are; all other commands do so only in a folder that you trust. This shows what that would
be, asks, and remembers the content of these files: when one of them changes, you are asked to look again.`,
  examples: ["runner trust --yes", "runner trust --list"],
  async run({ args, out }) {
    if (args.list && (args.remove || args.directory !== undefined)) {
      throw new RunnerError(
        "usage",
        `Cannot use "--list" with ${args.remove ? '"--remove"' : "a folder"}: it lists all.`,
      );
    }
    const home = needHome(findHome(process.env));
    if (args.list) return list(home, out);
    const folder = args.directory ?? projectFolder();
    return args.remove ? remove(home, folder, out) : await trust(home, folder, args.yes, out);
  },
});

async function trust(home: string, path: string, unasked: boolean, out: Output): Promise<number> {
  const survey = surveyTrust(path, process.env);
  const { folder, settings, files } = survey;
  if (!unasked) {
    out.note(describe(survey, out));
    await confirm(`trust "${folder}"`);
  }
  writeRecord(home, { folder, trustedAt: Date.now(), files });
  if (out.format === "json")
    out.line(JSON.stringify({ folder, settings: masked(settings), files }, undefined, 2));
  else {
    if (unasked) out.line(describe(survey, out));
    out.line(`Trusted as it is now: ${plural(Object.keys(files).length, "file")}.`);
  }
  return 0;
}

/** What there is to trust, for the person who has to decide. */
function describe({ folder, settings, files }: TrustSurvey, { style }: Output): string {
  const facts = Object.entries(masked(settings)).map(
    // The names of a layer are those of settings.
    ([name, value]) => [name, escapeControls(settingText(name as SettingName, value))] as const,
  );
  const names = Object.keys(files).map(escapeControls);
  const parts = [style.bold(escapeControls(folder))];
  if (facts.length > 0) parts.push(renderFacts(facts, style));
  parts.push(names.length > 0 ? names.join("\n") : "It has neither a config file nor plugins.");
  return `${parts.join("\n\n")}\n`;
}

function masked(settings: TrustSurvey["settings"]): Readonly<Record<string, unknown>> {
  const isSecret = secretMatcher(DEFAULTS["secrets.patterns"]);
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, maskSecrets(value, isSecret)]),
  );
}

function remove(home: string, path: string, out: Output): number {
  // A folder that is gone is known by its name alone.
  const names = existsSync(path) ? [trustFolder(path), resolve(path)] : [resolve(path)];
  const folder = names.find((name) => removeRecord(home, name));
  if (folder === undefined) {
    throw new RunnerError(
      "not_found",
      `Cannot remove "${path}": it is not trusted. See: runner trust --list`,
    );
  }
  out.line(out.format === "json" ? JSON.stringify({ removed: folder }) : `Trusted no longer: ${folder}`);
  return 0;
}

function list(home: string, out: Output): number {
  const folders = listTrusted(home, process.env);
  if (out.format === "json") {
    const plain = folders.map(({ folder, trustedAt, state, reason }) => ({
      folder,
      trusted_at: new Date(trustedAt).toISOString(),
      state,
      reason: reason ?? null,
    }));
    out.line(JSON.stringify(plain, undefined, 2));
  } else if (folders.length === 0) out.note("No folder is trusted.");
  else {
    const rows = folders.map(({ folder, trustedAt, reason }) => [
      folder,
      formatTime(trustedAt),
      reason ?? "the same",
    ]);
    out.line(renderTable(COLUMNS, rows, out));
  }
  return 0;
}
