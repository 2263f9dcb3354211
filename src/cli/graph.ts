import { RunnerError } from "../lib/errors.ts";
import { chooseTasks } from "../tasks/choose.ts";
import { defineCommand } from "./command.ts";
import { findTaskFile } from "./find-task-file.ts";
import { renderSvg } from "./graph-svg.ts";
import { graphOf, renderDot, renderMermaid, renderTree } from "./graph-text.ts";
import { inspectFile } from "./inspect-file.ts";
import { OUTPUT, PLUGINS, STORE } from "./options.ts";
import { VALUES } from "./task-options.ts";

/** `runner graph`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: "The task file; runner.lua without one" },
    task: {
      type: "positional",
      required: false,
      rest: true,
      description: "Only these tasks and what they need",
    },
    format: {
      type: "enum",
      alias: "f",
      options: ["text", "mermaid", "dot", "svg"],
      description: "As a tree, for Mermaid, for Graphviz, or as a picture",
    },
    tag: {
      type: "string",
      multiple: true,
      valueHint: "TAG",
      description: "Only tasks with this tag, and what they need",
    },
    ...VALUES,
    ...PLUGINS,
    ...OUTPUT,
    ...STORE,
  },
  details: `Shows which task waits for which. A task that runs only after a failure hangs on a dashed line, in the tree
behind "if … fails".
The top level of the file is executed for this, without any effect.`,
  examples: [
    "runner graph deploy.lua",
    "runner graph deploy.lua -f mermaid",
    "runner graph deploy.lua -f svg > deploy.svg",
  ],
  tellsErrors: () => ({}),
  run({ args, out }) {
    if (out.format === "json" && args.format !== undefined) {
      throw new RunnerError(
        "usage",
        `Cannot use "--format ${args.format}" with -o json: leave one of the two out.`,
      );
    }
    const { file, tasks: names } = findTaskFile(
      args.file === undefined ? [] : [args.file, ...args.task],
      ".",
    );
    return inspectFile({ file, args, out }, ({ session, nothing }) => {
      const graph = graphOf(chooseTasks(session.declarations, { names, tags: args.tag }));
      if (out.format === "json") out.line(JSON.stringify(graph));
      else if (graph.nodes.length === 0) out.note(nothing);
      else if (args.format === "mermaid") out.line(renderMermaid(graph));
      else if (args.format === "dot") out.line(renderDot(graph));
      else if (args.format === "svg") out.line(renderSvg(graph));
      else out.line(renderTree(graph));
      return 0;
    });
  },
});
