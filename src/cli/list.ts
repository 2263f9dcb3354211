import { didYouMean } from "../lib/suggest.ts";
import { showPosition } from "../tasks/problems.ts";
import type { Task } from "../tasks/task.ts";
import { defineCommand } from "./command.ts";
import { findTaskFile } from "./find-task-file.ts";
import { inspectFile } from "./inspect-file.ts";
import { OUTPUT, PLUGINS, STORE } from "./options.ts";
import { type Forecast, forecastAll, showRuns } from "./run-plan.ts";
import { renderTable } from "./table.ts";
import { VALUES } from "./task-options.ts";

/** `runner list`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: "The task file; runner.lua without one" },
    tag: { type: "string", multiple: true, valueHint: "TAG", description: "Only tasks with this tag" },
    status: { type: "boolean", description: "Whether each would run, and because of what" },
    ...VALUES,
    ...PLUGINS,
    ...OUTPUT,
    ...STORE,
  },
  details: `The top level of the file is executed for this, so there it may not write state, start processes or change files.
What it prints goes to stderr.`,
  examples: ["runner list deploy.lua", "runner list deploy.lua --status", "runner list deploy.lua -o json"],
  tellsErrors: () => ({}),
  run({ args, out }) {
    const { file } = findTaskFile(args.file === undefined ? [] : [args.file], ".");
    return inspectFile({ file, args, out }, async ({ session, context: { store }, nothing }) => {
      const all = [...session.declarations.tasks.values()];
      const tasks = all.filter(({ options }) => isTagged(options.tags, args.tag));
      const known = args.status ? await forecastAll(store, session, session.declarations.order) : undefined;
      const forecasts = tasks.map(({ name }) => known?.get(name));
      if (out.format === "json") {
        out.line(JSON.stringify(tasks.map((task, i) => toPlain(task, forecasts[i]))));
        return 0;
      }
      if (all.length === 0) out.note(nothing);
      else if (tasks.length === 0) {
        const known = all.flatMap(({ options }) => options.tags ?? []);
        const hint = didYouMean(args.tag[0] ?? "", new Set(known));
        out.note(`No task is tagged ${args.tag.join(" or ")}.${hint}`);
      } else {
        const columns = [
          { title: "TASK" },
          { title: "AFTER" },
          ...(tasks.some(({ options }) => options.tags?.length) ? [{ title: "TAGS" }] : []),
          ...(args.status ? [{ title: "RUNS" }, { title: "BECAUSE", flexible: true } as const] : []),
          ...(args.status ? [] : [{ title: "DESCRIPTION", flexible: true } as const]),
        ];
        const rows = tasks.map(({ name, dependsOn, options }, i) => [
          name,
          dependsOn.join(", ") || "–",
          ...(columns.some(({ title }) => title === "TAGS") ? [options.tags?.join(", ") ?? ""] : []),
          ...(args.status ? [showRuns(forecasts[i]?.runs), forecasts[i]?.reason ?? ""] : []),
          ...(args.status ? [] : [options.description ?? ""]),
        ]);
        out.line(renderTable(columns, rows, out));
        const groups = [...new Set(tasks.flatMap(({ group }) => (group?.description ? [group] : [])))];
        const described = groups.map(({ name, description = "" }) => [name, description]);
        if (described.length > 0) out.line(`\n${renderTable(GROUP_COLUMNS, described, out)}`);
      }
      return 0;
    });
  },
});

const GROUP_COLUMNS = [{ title: "GROUP" }, { title: "DESCRIPTION", flexible: true }] as const;

function isTagged(tags: readonly string[] = [], wanted: readonly string[]): boolean {
  return wanted.length === 0 || tags.some((tag) => wanted.includes(tag));
}

function toPlain(
  { name, options, dependsOn, group, declaredAt }: Task,
  forecast: Forecast | undefined,
): object {
  return {
    name,
    description: options.description ?? null,
    group: group?.name ?? null,
    tags: options.tags ?? [],
    depends_on: dependsOn,
    declared_at: showPosition(declaredAt),
    ...(forecast !== undefined && { runs: forecast.runs ?? null, reason: forecast.reason }),
  };
}
