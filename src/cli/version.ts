import { commit, target, version } from "../lib/version.ts";
import { defineCommand } from "./command.ts";
import { OUTPUT } from "./options.ts";

/** `runner version`, also called by `--version` and `-V`. */
export const command = defineCommand({
  args: { ...OUTPUT },
  examples: ["runner version", "runner version -o json"],
  run({ out }) {
    if (out.format === "json") {
      out.line(JSON.stringify({ version, commit: commit ?? null, target: target ?? null }));
      return 0;
    }
    const build = [commit, target].filter((part) => part !== undefined).join(", ");
    out.line(`runner ${version}${build && ` (${build})`}`);
    return 0;
  },
});
