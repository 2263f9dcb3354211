import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { needHome } from "../../config/home.ts";
import { PLUGINS_FOLDER } from "../../config/project.ts";
import { RunnerError, systemReason } from "../../lib/errors.ts";
import { BUILT_INS } from "../../plugins/builtin.ts";
import types from "../../plugins/types/runner.txt" with { type: "text" };
import { defineCommand } from "../command.ts";
import { settle } from "../context.ts";
import { OUTPUT } from "../options.ts";
import { luaFiles, scriptFiles } from "./template.ts";

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** `runner plugin new`. */
export const command = defineCommand({
  args: {
    name: { type: "positional", description: "What it is called, in Lua too: small letters, digits and _" },
    lua: { type: "boolean", description: "Written in Lua, instead of TypeScript" },
    home: {
      type: "boolean",
      description: "For all projects of this user, instead of the one in this folder",
    },
    ...OUTPUT,
  },
  details: `Makes plugins/NAME with a plugin that works, a test of it, and for TypeScript what an editor needs to know: neither
packages nor a build are needed.`,
  examples: ["runner plugin new hello", "runner plugin new greet --lua --home"],
  async run({ args, out }) {
    const { name } = args;
    if (!NAME.test(name)) {
      throw new RunnerError(
        "usage",
        `Cannot name a plugin "${name}": it is a name in Lua, too. Use small letters, digits and _, such as "my_plugin".`,
      );
    }
    const owner = await ownerOf(name);
    if (owner !== undefined) {
      throw new RunnerError(
        "usage",
        `Cannot name a plugin "${name}": ${owner} has this name. Use another one.`,
      );
    }
    const place = args.home ? join(needHome((await settle()).home), PLUGINS_FOLDER) : resolve(PLUGINS_FOLDER);
    const folder = join(place, name);
    const taken = [folder, ...[".ts", ".js", ".lua"].map((ending) => folder + ending)].find((path) =>
      existsSync(path),
    );
    if (taken !== undefined) {
      throw new RunnerError(
        "conflict",
        `Cannot make plugin "${name}": there is "${taken}" already. Use another name.`,
      );
    }
    const files = args.lua ? luaFiles(name) : { ...scriptFiles(name), "runner.d.ts": types };
    for (const [file, text] of Object.entries(files)) write(join(folder, file), folder, text);
    const shown = relative(".", folder);
    if (out.format === "json") {
      out.line(JSON.stringify({ name, folder, files: Object.keys(files) }));
      return 0;
    }
    for (const file of Object.keys(files)) out.line(join(shown, file));
    out.line(`\nTry it: runner plugin check ${shown}`);
    return 0;
  },
});

/** Who has a name that no plugin can have; undefined for one that is free. */
async function ownerOf(name: string): Promise<string | undefined> {
  const [{ RESERVED_MODULES }, { ROOT }] = await Promise.all([
    import("../../plugins/reserved.ts"),
    import("../commands.ts"),
  ]);
  if (BUILT_INS.some((builtIn) => builtIn.name === name)) return "a built-in plugin";
  if (Object.hasOwn(ROOT.commands, name)) return "a command of runner";
  return RESERVED_MODULES.has(name) ? "Lua or runner itself" : undefined;
}

function write(path: string, folder: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    // Whatever the umask leaves: what others may write is not loaded.
    writeFileSync(path, text, { mode: 0o644 });
  } catch (error) {
    throw new RunnerError("unavailable", `Cannot write "${path}": ${systemReason(error)}.`, { cause: error });
  }
}
