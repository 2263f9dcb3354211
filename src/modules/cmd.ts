import { existsSync } from "node:fs";
import { RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import { defineFunction, type FunctionDef } from "./define.ts";
import { run, toTable } from "./exec.ts";
import type { ModuleHost } from "./host.ts";
import { resolvePath } from "./paths.ts";

/** The Lua function `cmd{…}`: a command that has to succeed, and that runs only when there is something to do. */
export function createCmd(host: ModuleHost): FunctionDef<never> {
  return defineFunction({
    description:
      "Runs a command that has to succeed: a non-zero exit fails the task. With `creates` (a path) it runs only when that is not there, with `unless` (a line for the shell) only when that fails; then `changed` is false.",
    args: (z) => ({
      options: z.fields({
        command: z.either(z.string(), z.list(z.either(z.string(), z.numeric()))),
        cwd: z.optional(z.bytes()),
        env: z.optional(z.record(z.either(z.string(), z.numeric()))),
        creates: z.optional(z.bytes()),
        unless: z.optional(z.string()),
        timeout: z.optional(z.duration()),
        delegate_to: z.optional(z.string()),
      }),
    }),
    returns: "{ changed: boolean, stdout: string, stderr: string, exit_code: integer, success: boolean }",
    example:
      'cmd{ command = "touch done", creates = "done" }  assert(not cmd{ command = "false", creates = "done" }.changed)',
    effect: true,
    waits: true,
    permission: "exec",
    async run({ options: { command, creates, unless, delegate_to: agent, ...options } }) {
      if (agent !== undefined && agent !== "local") {
        throw new RunnerError(
          "bad_argument",
          `cmd: argument 1, field "delegate_to": no agent is called ${JSON.stringify(agent)}. Leave it out to run on this machine.`,
        );
      }
      // What follows waits, and by then another call may be under way.
      const context = host.current();
      const here = { ...host, current: () => context };
      const given = { cwd: options.cwd, env: options.env, timeout: options.timeout };
      const base = { stdin: undefined, shell: undefined, check: undefined, on_line: undefined, ...given };
      const cwd = resolvePath(context.cwd, options.cwd ?? "");
      if (creates !== undefined && existsSync(resolvePath(cwd, creates))) return unchanged();
      if (unless !== undefined) {
        const { exitCode } = await run(here, "cmd", { command: unless, options: base });
        if (exitCode === 0) return unchanged();
      }
      const result = await run(here, "cmd", { command, options: { ...base, check: true } });
      return { changed: true, ...toTable(result) };
    },
  });
}

function unchanged() {
  return Object.assign(createRecord(), {
    changed: false,
    stdout: "",
    stderr: "",
    exit_code: 0,
    success: true,
  });
}
