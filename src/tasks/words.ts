import type { WordDef, WordField } from "../modules/reference/word.ts";
import { GROUP_OPTIONS } from "./groups.ts";
import { OPTIONS } from "./options.ts";

type Fields = Readonly<Record<string, WordField>>;

/** A type as a part of another. */
function inner(type: string): string {
  return /[|]|fun\(/.test(type) ? `(${type})` : type;
}

/** Nothing of a table of options has to be there. */
function optional(fields: Fields): Fields {
  const given = Object.entries(fields).map(
    ([name, field]) => [name, { ...field, type: `${inner(field.type)}?` }] as const,
  );
  return Object.fromEntries(given);
}

/** The same options as calls, each of which gives back what it was called on. */
function chained(fields: Fields, type: string): string {
  const calls = Object.entries(fields).map(
    ([name, field]) =>
      `---@field ${name} fun(self, value: ${inner(field.type)}, ...: any): ${type} ${field.description}`,
  );
  return [
    `---@class ${type}`,
    ...calls,
    `---@field build fun(self): ${type} ends it, and may be left out`,
  ].join("\n");
}

const TASK: Fields = {
  ...OPTIONS,
  uses: { type: "table", description: "another task or table of options to start from" },
};
const TASKS = { type: "table<any, runner.task>", description: "its tasks: a list, or by name" };
const GROUP: Fields = { ...GROUP_OPTIONS, tasks: TASKS };

/** The words that task files are made of; options are those that are read. */
export const WORDS: readonly WordDef[] = [
  {
    name: "task",
    description:
      "Declares a task, by a table of options or by its name and calls that set one option each. It runs when the file has been read.",
    signature: "task(options) or task(name):option(value)",
    fields: optional(TASK),
    type: "runner.task",
    declaration: `${chained(TASK, "runner.taskBuilder")}

---@overload fun(name: string, options?: runner.task): runner.taskBuilder
---@param options runner.task
---@return runner.task
function task(options) end`,
    example: `task({ name = "fetch", run = function() return true, "fetched", { file = "a.txt" } end })
task("build"):depends_on("fetch"):timeout("30s"):command(function(this, params, deps)
  print("building " .. deps.fetch.file)
end)`,
  },
  {
    name: "workflow",
    description: "Declares a group of tasks, as workflow.define does, by calls that set one option each.",
    signature: "workflow(name):option(value)",
    declaration: `${chained(GROUP, "runner.groupBuilder")}

---@class workflowlib
---@overload fun(name: string, options?: runner.group): runner.groupBuilder
workflow = {}`,
    example: `workflow("release"):description("Ships it"):tasks({ { name = "build", command = "true" } })`,
  },
  {
    name: "workflow.define",
    description:
      "Declares a group of tasks: `release.build` is the name of one, and the group can be run by its own.",
    signature: "workflow.define(name, options)",
    declaration: `---@param name string
---@param options runner.group
---@return runner.groupBuilder
function workflow.define(name, options) end`,
    example: `workflow.define("release", {
  tasks = {
    { name = "build", command = "true" },
    { name = "ship", depends_on = "build", run = function() print("shipped") end },
  },
})`,
  },
  {
    name: "group",
    description: "What workflow, workflow.define and TaskDefinitions take for a group of tasks.",
    fields: optional(GROUP),
    type: "runner.group",
    example: `local group = { config = { max_parallel_tasks = 2 }, tasks = { { name = "a", command = "true" } } }
workflow.define("pair", group)`,
  },
  {
    name: "TaskDefinitions",
    description:
      "Groups of tasks by name, in the form of older manuals. The functions of these tasks get (params, deps), without `this`.",
    declaration: `---@type table<string, runner.group>
TaskDefinitions = {}`,
    example: `TaskDefinitions = {
  pipeline = { description = "…", tasks = { { name = "a", command = "true" }, b = { depends_on = "a", command = "true" } } },
}`,
  },
  {
    name: "this",
    description: "What a task's function gets first: the task as it runs.",
    fields: {
      name: { type: "string", description: "its whole name" },
      workdir: { type: "string", description: "the folder it works in" },
      run_id: { type: "string", description: "the run's id in the journal" },
      attempt: { type: "integer", description: "1 for the first" },
    },
    type: "runner.this",
    example: `task("tell"):command(function(this) print(this.name, this.attempt, this.workdir, this.run_id) end)`,
  },
  {
    name: "deps",
    description:
      "What a task's function gets third: the outputs of the tasks that it depends on, by name, each the table that its function returned after `true` and a message, or alone.",
    example: `task({ name = "count", run = function() return { files = 3 } end })
task({ name = "show", depends_on = "count", run = function(this, params, deps) assert(deps.count.files == 3) end })`,
  },
  {
    name: "exclusive",
    description: "Set to true, only one run of this file may be under way at a time.",
    declaration: `---@type boolean?
exclusive = nil`,
    example: `exclusive = true
task({ name = "alone", command = "true" })`,
  },
];
