import { isEnding } from "../lib/ending.ts";
import { exitCodeOf, messageOf, RunnerError, systemReason } from "../lib/errors.ts";
import { exitProcess } from "../lib/exit.ts";
import { hasCode, STDERR, writeWhole } from "../lib/stdio.ts";
import { isClaimed } from "../lib/strays.ts";
import { didYouMean } from "../lib/suggest.ts";
import { checkEncoding } from "./argument-encoding.ts";
import type { ArgsDef, Command, CommandEntry, Group } from "./command.ts";
import { ROOT } from "./commands.ts";
import { COMMON } from "./options.ts";
import { createOutput } from "./output.ts";
import { parseArguments, unknownOption } from "./parse.ts";

/**
 * Runs a command line to its end and resolves to the exit code; never raises. Errors are text on stderr in
 * every output format, so that stdout holds a whole document or nothing; or, of commands that tell programs of their
 * errors, a document or an event that says so.
 */
export async function runEdge(argv: readonly string[]): Promise<number> {
  const options = beforeDashes(argv);
  const debug = options.includes("--debug") || process.env.RUNNER_DEBUG === "1";
  // What escapes a promise or a callback has no caller to reach; it ends the process with the same words.
  const end = (thrown: unknown) => {
    // What goes wrong while the process ends anyway is no news.
    if (!isClaimed(thrown) && !isEnding()) exitProcess(report(thrown, debug));
  };
  process.on("uncaughtException", end).on("unhandledRejection", end);
  try {
    checkEncoding(argv);
    return await dispatch(argv, options);
  } catch (thrown) {
    return report(thrown, debug);
  }
}

/** Walks from word to word down to the command, and runs it or shows its help. */
async function dispatch(argv: readonly string[], options: readonly string[]): Promise<number> {
  const help = options.includes("--help") || options.includes("-h");
  let path = "runner";
  let group: Group = ROOT;
  let read = 0;
  for (const word of argv) {
    read++;
    if (word === "--debug" || word === "--help" || word === "-h") continue;
    if (path === "runner" && (word === "--version" || word === "-V")) {
      return dispatch(["version", ...argv.slice(read)], options);
    }
    if (word.startsWith("-")) throw unknownOption(word, ["--help", "--version", "--debug"], path);
    const found = findCommand(word, group) ?? (await findElsewhere(word, group, path));
    path = `${path} ${word}`;
    if ("commands" in found) {
      group = found;
      continue;
    }
    const command = await found.load();
    return help ? showHelp(path, found, command) : runCommand(path, command, argv.slice(read));
  }
  return showHelp(path, group);
}

function findCommand(word: string, { commands }: Group): CommandEntry | Group | undefined {
  return Object.hasOwn(commands, word) ? commands[word] : undefined;
}

/** A command of a plugin, which are looked at for a word that nothing else knows. Raises `usage` when none has it. */
async function findElsewhere(word: string, group: Group, path: string): Promise<CommandEntry | Group> {
  const known = Object.keys(group.commands);
  const more: string[] = [];
  if (group === ROOT) {
    const { findBuiltIn, listAdded } = await import("./plugin/added.ts");
    const builtIn = findBuiltIn(word);
    if (builtIn !== undefined) return builtIn;
    const { commands, notes } = await listAdded();
    const found = Object.hasOwn(commands, word) ? commands[word] : undefined;
    if (found !== undefined) return found;
    known.push(...Object.keys(commands));
    more.push(...notes);
  }
  const hint = didYouMean(word, known) || ` See: ${path} --help`;
  const text = `Cannot run "${path} ${word}": there is no such command.${hint}`;
  throw new RunnerError("usage", [text, ...more].join("\n"));
}

async function runCommand(path: string, command: Command, argv: readonly string[]): Promise<number> {
  const defs: ArgsDef = { ...command.args, ...COMMON };
  let isForPrograms = asksForJson(argv);
  try {
    const args = parseArguments(argv, defs, path);
    isForPrograms = args.output === "json";
    const out = createOutput(isForPrograms ? "json" : "text", process.env);
    const exitCode = await command.run({ args, out });
    await out.flush();
    return exitCode;
  } catch (error) {
    if (isForPrograms && command.tellsErrors !== undefined) {
      (await import("./json-error.ts")).tellError(error, command.tellsErrors());
    }
    throw error;
  }
}

/** Whether a command line asks for JSON, as far as one can say whose mistakes keep it from being read. */
function asksForJson(argv: readonly string[]): boolean {
  return /(^|\0)(-o\0?=?|--output[=\0])json(\0|$)/.test(beforeDashes(argv).join("\0"));
}

async function showHelp(path: string, shown: CommandEntry | Group, command?: Command): Promise<number> {
  const { renderCommandHelp, renderGroupHelp } = await import("./help.ts");
  const out = createOutput("text", process.env);
  if (shown === ROOT) {
    const { commands } = await (await import("./plugin/added.ts")).listAdded();
    out.line(renderGroupHelp(path, ROOT, out.style, commands));
  } else if ("commands" in shown) out.line(renderGroupHelp(path, shown, out.style));
  else if (command !== undefined) out.line(renderCommandHelp(path, shown.summary, command, out.style));
  await out.flush();
  return 0;
}

/** Says what went wrong and gives the exit code for it. */
function report(raised: unknown, debug: boolean): number {
  // A reader such as `head` that has seen enough is no failure of ours.
  if (hasCode(raised, "EPIPE")) return 0;
  const thrown = refusalBySystem(raised) ?? raised;
  const known = thrown instanceof RunnerError && thrown.code !== "bug";
  const text = known ? thrown.message : `runner met a bug: ${messageOf(thrown)}\n${BUG_ADVICE}`;
  const stack = debug && thrown instanceof Error ? `\n${thrown.stack ?? ""}` : "";
  try {
    writeWhole(STDERR, `${text}${stack}\n`);
  } catch {
    // Nobody reads stderr; the exit code still tells.
  }
  return known ? thrown.exitCode : exitCodeOf("bug");
}

/** What the system refused and nobody foresaw: a path that is too long or leads in circles, a folder that is gone. */
function refusalBySystem(thrown: unknown): RunnerError | undefined {
  if (hasCode(thrown, "ENOENT") && /\bcwd\b/.test(messageOf(thrown))) {
    const text = "Cannot work in this folder: it was removed. Change to one that exists.";
    return new RunnerError("not_found", text);
  }
  if (!(thrown instanceof Error && "syscall" in thrown && "path" in thrown)) return undefined;
  const text = `Cannot use "${String(thrown.path)}": the system says ${systemReason(thrown)}. Check the path.`;
  return new RunnerError("unavailable", text, { cause: thrown });
}

const BUG_ADVICE = "Please report it with what the same command prints with --debug.";

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}
