import { defineCommand } from "../command.ts";
import { OUTPUT, PLUGINS } from "../options.ts";
import { renderTable } from "../table.ts";
import { type Listed, survey } from "./survey.ts";

const COLUMNS = [
  { title: "PLUGIN" },
  { title: "VERSION" },
  { title: "FROM" },
  { title: "ADDS" },
  { title: "FILE" },
] as const;

/** `runner plugin list`. */
export const command = defineCommand({
  args: { ...PLUGINS, ...OUTPUT },
  details: `Plugins are .ts, .js and .lua files, and folders with an index of these, in the folder plugins of runner's home, in
plugins.paths of the config, in plugins/ beside the task file, and in --plugins, searched in this order and in each by
name. Of equal names the first one counts. A project's own are used by run, list, check and graph, and by other commands once
its folder is trusted.`,
  examples: ["runner plugin list", "runner plugin list -o json"],
  async run({ args, out }) {
    const { listed, distrust } = await survey(args.plugins);
    if (out.format === "json") {
      out.line(JSON.stringify(listed));
    } else {
      const usable = listed.filter(({ problem, origin }) => problem === null || origin !== "");
      const rows = usable.map((plugin) => [
        plugin.name,
        plugin.version ?? "–",
        plugin.origin,
        showAdditions(plugin),
        plugin.origin === "built in" ? "–" : plugin.file,
      ]);
      out.line(renderTable(COLUMNS, rows, out));
      for (const { name, file, problem } of listed) {
        if (problem !== null) out.line(`\n${out.style.failure("✗")} ${name}  ${file}\n  ${problem}`);
      }
    }
    if (distrust !== undefined) out.note(distrust);
    return 0;
  },
});

/** What a plugin adds, in a few words. */
function showAdditions({ modules, commands, hooks, backends }: Listed): string {
  const names = [...new Set(modules.map((signature) => signature.replace(/[.(].*/, "")))];
  const parts = [
    ...names.map((name) => `module ${name}`),
    ...commands.map((name) => `command ${name}`),
    ...hooks.map((name) => `hook ${name}`),
    ...backends.map((name) => `backend ${name}`),
  ];
  return parts.join(", ") || "–";
}
