import { NUL_IN_PATH, RunnerError } from "../lib/errors.ts";
import { toText, toTexts } from "./arguments.ts";
import { type CommandResult, type CommandSpec, hasNul, runCommand, shellCommand } from "./command.ts";
import { defineFunction, type ModuleDef } from "./define.ts";
import type { ModuleHost } from "./host.ts";
import type { LuaRecord } from "./module.ts";
import { folderAsText, resolvePath, showPath } from "./paths.ts";
import { programAt } from "./permits.ts";
import type { ArgsOf, Shape, Words } from "./schema/words.ts";
import { attempt } from "./system-errors.ts";

/** The arguments that `exec.run` and its kin take: a line for the shell or a list of words, and options. */
const runArguments = (z: Words) => ({
  command: z.either(z.string(), z.list(z.either(z.string(), z.numeric()))),
  options: z.options({
    cwd: z.optional(z.bytes()),
    env: z.optional(z.record(z.either(z.string(), z.numeric()))),
    stdin: z.optional(z.bytes()),
    timeout: z.optional(z.duration()),
    shell: z.optional(z.string()),
    check: z.optional(z.boolean()),
    on_line: z.optional(z.fn()),
  }),
});
type RunArguments = ArgsOf<ReturnType<typeof runArguments> & Shape>;

const RESULT = "{ stdout: string, stderr: string, exit_code: integer, success: boolean }";

/** The Lua module `exec`. */
export function createExecModule(host: ModuleHost): ModuleDef {
  return {
    name: "exec",
    description: "Runs other programs.",
    functions: {
      run: defineFunction({
        description:
          'Runs a line in the shell, or a program with its arguments as a list, and waits for its end. Options: cwd, env (added to ours), stdin, timeout, shell (the path of the shell for a line; /bin/sh by default), check (a non-zero exit is an error), on_line (a function that gets each line of output and "stdout" or "stderr").',
        args: runArguments,
        returns: RESULT,
        example:
          'local r = exec.run({ "echo", "hi" }, { timeout = "5s" })  assert(r.success and r.stdout == "hi\\n")',
        aliases: ["command", "cmd", "shell"],
        effect: true,
        waits: true,
        permission: "exec",
        run: (args) => run(host, "exec.run", args).then(toTable),
      }),
      output: defineFunction({
        description:
          "What a command prints, without the last line end; an error when it does not end with 0. Takes what `exec.run` takes.",
        args: runArguments,
        returns: "string",
        example: 'assert(exec.output("echo hi") == "hi")',
        effect: true,
        waits: true,
        permission: "exec",
        run: ({ command, options }) =>
          run(host, "exec.output", { command, options: { ...options, check: true } }).then(({ stdout }) =>
            typeof stdout === "string" ? stdout.replace(/\r?\n$/, "") : stdout,
          ),
      }),
      which: defineFunction({
        description: "Where a program is, or nil when PATH has none of that name.",
        args: (z) => ({ program: z.string() }),
        returns: "string?",
        example: 'assert(exec.which("no-such-program") == nil)',
        effect: false,
        permission: "exec",
        run({ program }) {
          try {
            return Bun.which(program, { cwd: host.current().cwd }) ?? undefined;
          } catch {
            // It is longer than a path may be.
            return undefined;
          }
        },
      }),
    },
  };
}

/** A command's result as Lua sees it. */
export function toTable({ stdout, stderr, exitCode }: CommandResult): LuaRecord {
  return { stdout, stderr, exit_code: exitCode, success: exitCode === 0 };
}

/** Runs what the arguments of `exec.run` describe. Raises `task_failed` for a non-zero exit when they say `check`. */
export async function run(
  { current, permits }: ModuleHost,
  callee: string,
  { command, options }: RunArguments,
): Promise<CommandResult> {
  const argv = typeof command === "string" ? shellCommand(command, options.shell) : command.map(toText);
  const [program] = argv;
  if (program === undefined) {
    throw new RunnerError(
      "bad_argument",
      `${callee}: argument 1 (command): expected a command line or a list of a program and its arguments, got an empty list`,
    );
  }
  const { env, on_line: onLine } = options;
  if (hasNul(showPath(options.cwd ?? ""))) {
    throw new RunnerError("bad_argument", `${callee}: field "cwd": ${NUL_IN_PATH}`);
  }
  const given = resolvePath(current().cwd, options.cwd ?? "");
  using folder = attempt("work in", showPath(options.cwd ?? ""), () => folderAsText(given));
  const cwd = folder.path;
  permits.check("exec", typeof command === "string" ? "sh" : programAt(program, cwd), callee);
  // With these, a program that is allowed is another one, or runs another one: as good as the shell.
  const names = Object.keys({ ...current().env, ...env });
  const leading = names.find((name) => /^(PATH|LD_.*|DYLD_.*)$/i.test(name));
  if (leading !== undefined) permits.check("exec", "sh", `${callee} with ${leading} in its environment`);
  const spec: CommandSpec = {
    argv,
    cwd,
    env: env && Object.fromEntries(toTexts(env)),
    stdin: options.stdin,
    timeout: options.timeout,
    context: current(),
    onLine: onLine && ((line, stream) => onLine.call(line, stream)),
  };
  const result = await runCommand(spec);
  if (options.check && result.exitCode !== 0) throw failed(argv.at(-1) ?? "", result);
  return result;
}

/** The error of a command that should have ended with 0; its last words are in it. */
export function failed(command: string, result: CommandResult): RunnerError {
  const last = Buffer.from(result.stderr).toString("utf8").trim().split("\n").at(-1);
  return new RunnerError(
    "task_failed",
    `${JSON.stringify(command)} ended with exit code ${result.exitCode}${last ? `: ${last}` : ""}`,
  );
}
