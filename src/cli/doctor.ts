import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULTS, type SettingName } from "../config/config.ts";
import { formatSize } from "../lib/size.ts";
import { escapeControls, plural } from "../lib/text.ts";
import { commit, target, version } from "../lib/version.ts";
import { defineCommand } from "./command.ts";
import type { Settled } from "./context.ts";
import { type Examination, examine } from "./doctor-examine.ts";
import { OUTPUT, STORE } from "./options.ts";
import type { Output } from "./output.ts";
import { NONE, shortenPath } from "./preview.ts";
import { projectFolder } from "./project-folder.ts";
import { secretMatcher } from "./secrets.ts";
import { maskSecrets, settingText } from "./setting-text.ts";
import { renderFacts, renderTable } from "./table.ts";

const COLUMNS = [{ title: "SETTING" }, { title: "VALUE", flexible: true }, { title: "FROM" }] as const;

/** `runner doctor`. */
export const command = defineCommand({
  args: { ...OUTPUT, ...STORE },
  details: `Shows every setting as a run in this folder would have it and where it comes from: a default, a file, a
variable or an option. Looks at the home, the store, the project's trust and the plugins, whose files it loads, and changes
nothing.
Ends with 0 when all is well, 5 when config, plugins or trust stand in the way, 6 when the state does.`,
  examples: ["runner doctor", "runner doctor -o json"],
  async run({ args, out }) {
    const { agent, backend, db } = args;
    const found = await examine(whereToLook(), { agent, backend, db: db === undefined ? db : resolve(db) });
    out.line(out.format === "json" ? JSON.stringify(toJson(found), undefined, 2) : render(found, out));
    return Math.max(0, ...found.problems.map(({ exitCode }) => exitCode));
  },
});

/** Where several config files keep the folder from being found, the examination says so. */
function whereToLook(): string {
  try {
    return projectFolder();
  } catch {
    return resolve(".");
  }
}

function render(
  { sqlite, settled, store, project, plugins, problems, notes }: Examination,
  out: Output,
): string {
  const { style } = out;
  const build = [commit, target].filter((part) => part !== undefined).join(", ");
  const home = settled?.home;
  const facts: [string, string][] = [
    ["runner", `${version}${build && ` (${build})`} · Bun ${Bun.version} · SQLite ${sqlite}`],
    ["home", home === undefined ? NONE : place(home)],
    ["store", storeText(store, settled)],
    ["project", `${shortenPath(project.folder)} · ${TRUST[project.trust]}`],
    ["plugins", plugins.map(({ name, origin }) => `${name} (${origin})`).join(", ") || "none"],
  ];
  const parts = [
    renderFacts(
      facts.map(([name, text]) => [name, escapeControls(text)]),
      style,
    ),
  ];
  if (settled !== undefined) {
    const rows = settingsOf(settled).map(({ name, value, origin }) => [
      name,
      settingText(name, value),
      origin === undefined ? "default" : shortenPath(origin),
    ]);
    parts.push(renderTable(COLUMNS, rows, out));
  }
  if (notes.length > 0) parts.push(notes.map((note) => style.dim(escapeControls(note))).join("\n"));
  const lines = problems.map(
    ({ message }) => `  ${style.failure("✗")} ${message.split("\n").map(escapeControls).join("\n    ")}`,
  );
  parts.push(
    problems.length === 0
      ? style.success("All is well.")
      : `${plural(problems.length, "problem")}\n\n${lines.join("\n")}`,
  );
  return parts.join("\n\n");
}

const TRUST: Readonly<Record<Examination["project"]["trust"], string>> = {
  "not needed": "needs no trust",
  trusted: "trusted",
  changed: "changed since it was trusted",
  missing: "not trusted",
  unknown: "trust unknown",
};

function storeText(store: Examination["store"], settled: Settled | undefined): string {
  if (store === undefined) return NONE;
  const { backend, path, stats } = store;
  const durability =
    settled && backend !== "memory"
      ? [stats?.durability ?? `durability ${settled.config.settings["state.durability"]}`]
      : [];
  const figures =
    stats === undefined
      ? ["not looked at"]
      : [plural(stats.total_keys, "key"), formatSize(stats.db_size_bytes)];
  const facts = path !== undefined && !existsSync(path) ? ["not there yet"] : figures;
  return [...(path === undefined ? [] : [shortenPath(path)]), backend, ...durability, ...facts].join(" · ");
}

function place(folder: string): string {
  return existsSync(folder) ? shortenPath(folder) : `${shortenPath(folder)} · not there yet`;
}

interface Shown {
  readonly name: SettingName;
  /** Without secrets. */
  readonly value: unknown;
  /** Absent for a default. */
  readonly origin?: string;
}

function settingsOf({ config: { settings, origins }, home }: Settled): Shown[] {
  const isSecret = secretMatcher(settings["secrets.patterns"]);
  const names = Object.keys(DEFAULTS) as SettingName[];
  return names.map((name) => {
    const origin = origins[name];
    const value =
      name === "state.path" && home !== undefined ? (settings[name] ?? join(home, "state")) : settings[name];
    return { name, value: maskSecrets(value, isSecret), ...(origin === undefined ? {} : { origin }) };
  });
}

function toJson({ sqlite, settled, store, project, plugins, problems, notes }: Examination): object {
  const settings = settled === undefined ? [] : settingsOf(settled);
  return {
    runner: { version, commit: commit ?? null, target: target ?? null, bun: Bun.version, sqlite },
    home: settled?.home ?? null,
    store: store === undefined ? null : { ...store, path: store.path ?? null, stats: store.stats ?? null },
    project,
    plugins,
    settings: Object.fromEntries(
      settings.map(({ name, value, origin }) => [
        name,
        { value: value ?? null, from: kindOf(origin), origin: origin ?? null },
      ]),
    ),
    notes,
    problems: problems.map(({ message, exitCode }) => ({ message, exit_code: exitCode })),
  };
}

function kindOf(origin: string | undefined): "default" | "option" | "environment" | "file" {
  if (origin === undefined) return "default";
  if (origin.startsWith("--")) return "option";
  return origin.startsWith("RUNNER_") ? "environment" : "file";
}
