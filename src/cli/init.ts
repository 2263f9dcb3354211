import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { findHome } from "../config/home.ts";
import { trustEmpty } from "../config/trust-survey.ts";
import { RunnerError, systemReason } from "../lib/errors.ts";
import { listModules } from "../modules/reference/all.ts";
import { renderStub, renderWords, stubFile } from "../modules/reference/stubs.ts";
import { WORDS } from "../tasks/words.ts";
import { defineCommand } from "./command.ts";
import template from "./init.lua" with { type: "text" };
import { OUTPUT } from "./options.ts";
import { listPluginModules } from "./plugin/modules.ts";

/** Where the types for the editor go, below the project. */
const TYPES = ".runner/types";

const EDITOR_SETTINGS = {
  $schema: "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
  "runtime.version": "Lua 5.4",
  "workspace.library": [TYPES],
  "workspace.checkThirdParty": false,
};

const EDITOR_FILE = ".luarc.json";

/** `runner init`. */
export const command = defineCommand({
  args: {
    directory: {
      type: "positional",
      required: false,
      description: "The project's folder; this one without it",
    },
    ...OUTPUT,
  },
  details: `Writes runner.lua to start from, .luarc.json, and in ${TYPES} what the Lua language server shows about each
function. Files that are there stay, but for the types, which are brought up to date. A folder without settings and plugins of
its own is trusted.`,
  examples: ["runner init", "runner init my-project"],
  async run({ args, out }) {
    const folder = resolve(args.directory ?? ".");
    const files = new Map([
      ["runner.lua", template],
      [EDITOR_FILE, `${JSON.stringify(EDITOR_SETTINGS, undefined, 2)}\n`],
    ]);
    const modules = [...listModules(), ...(await listPluginModules((text) => out.note(text)))];
    const types = [
      [`${TYPES}/tasks.lua`, renderWords(WORDS)] as const,
      ...modules.map((module) => [`${TYPES}/${stubFile(module)}`, renderStub(module)] as const),
    ];
    const done: { file: string; action: "written" | "kept" | "updated" }[] = [];
    for (const [file, text] of [...files, ...types]) {
      const there = existsSync(join(folder, file));
      const keep = there && files.has(file);
      if (!keep) write(join(folder, file), text);
      done.push({ file, action: keep ? "kept" : there ? "updated" : "written" });
    }
    const trusted = trustEmpty(folder, findHome(process.env));
    if (out.format === "json") {
      out.line(JSON.stringify({ folder, files: done, trusted }));
      return 0;
    }
    for (const { file, action } of done.slice(0, files.size)) {
      const isUnaware = action === "kept" && file === EDITOR_FILE && !knowsTypes(join(folder, file));
      const more = isUnaware ? `. Add "${TYPES}" to its workspace.library` : "";
      out.line(`${file.padEnd(14)} ${action === "kept" ? "kept, it was there" : action}${more}`);
    }
    out.line(`${TYPES.padEnd(14)} ${types.length} files for the editor`);
    if (!trusted)
      out.line(`${"trust".padEnd(14)} not yet. Look at its settings and plugins, then: runner trust`);
    out.line("Try it: runner run");
    return 0;
  },
});

/** Whether an editor with these settings finds the types. */
function knowsTypes(path: string): boolean {
  return readFileSync(path, "utf8").includes(TYPES);
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw new RunnerError("unavailable", `Cannot write "${path}": ${systemReason(error)}.`, { cause: error });
  }
}
