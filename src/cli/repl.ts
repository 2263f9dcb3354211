import { resolve } from "node:path";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { isTerminal, printWhole, STDERR, STDIN, STDOUT } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { CallContext } from "../modules/context.ts";
import { quote, showValue } from "../modules/log.ts";
import type { LuaValue } from "../modules/module.ts";
import { RunExit } from "../tasks/limit.ts";
import { loadTaskFile, type Session } from "../tasks/session.ts";
import { defineCommand } from "./command.ts";
import { openContext } from "./context.ts";
import { PLUGINS, STORE } from "./options.ts";
import { styleOf } from "./output.ts";
import { openPlugins } from "./plugin/session.ts";
import { renderLog } from "./render-run.ts";
import { complete, FIRST_PROMPT, INTERRUPTED, NEXT_PROMPT, openPrompt, type Prompt } from "./repl-prompt.ts";
import { secretMatcher } from "./secrets.ts";
import { openRunStores } from "./stores.ts";

/** How what was typed is called in errors. */
const CHUNK = "stdin";

/** `runner repl`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: "A Lua file to run first" },
    ...PLUGINS,
    ...STORE,
  },
  details: `Lines of Lua are run as they come, and what they give is shown; what waits (a process, a sleep) is awaited. A line that
is not complete goes on in the next one. Tab completes names. Ctrl-C drops what was typed, or stops the line that runs;
Ctrl-D, or Ctrl-C twice, ends the session. What was typed is kept for the next one, in <home>/repl_history.`,
  examples: ["echo '1 + 1' | runner repl", "echo 'state.get(\"greeting\")' | runner repl"],
  async run({ args }) {
    const file = args.file === undefined ? undefined : resolve(args.file);
    const forTaskFile = file ?? resolve("repl.lua");
    await using context = await openContext({ ...args, forTaskFile });
    const style = styleOf(STDERR, process.env);
    const interactive = isTerminal(STDIN);
    let typing: Prompt | undefined;
    const stores = await openRunStores(context, { ...args, forTaskFile });
    await using plugins = await openPlugins(
      context,
      { forTaskFile: file, plugins: args.plugins, purpose: "run" },
      {
        open: async () => stores,
        log: (record) => printWhole(STDERR, `${renderLog(record, style)}\n`),
        warn: (message) => printWhole(STDERR, `${message}\n`),
      },
    );
    const loaded = await loadTaskFile({
      file: forTaskFile,
      ...(file === undefined && { source: "" }),
      viewpoint: process.cwd(),
      values: {},
      settings: {
        ...stores,
        plugins,
        memoryLimit: context.config.settings["lua.memory"],
        isSecret: secretMatcher(context.config.settings["secrets.patterns"]),
      },
      purpose: "run",
      print: (text, _context, stream) => printWhole(stream === "stdout" ? STDOUT : STDERR, text),
      // Until there is a prompt, the terminal is as anywhere.
      readInput: () => typing?.readInput?.(),
      log: (record) => printWhole(STDERR, `${renderLog(record, style)}\n`),
      onSources: () => undefined,
    });
    if (loaded.ended !== undefined) return loaded.ended.exitCode;
    const { session } = loaded;
    const names = (path: string) => namesOf(session, path);
    await using prompt = openPrompt({
      interactive,
      home: context.home,
      complete: (line) => complete(line, names),
    });
    typing = prompt;
    const exited = session.exit.then(({ status }) => status);
    const status = await Promise.race([readAndRun(session, prompt, interactive), exited]);
    await session.finish();
    return status;
  },
});

/** Runs what comes until there is no more; 1 when something failed that nobody watched. */
async function readAndRun(session: Session, prompt: Prompt, interactive: boolean): Promise<number> {
  let pending = "";
  let failed = false;
  for (;;) {
    const line = await prompt.ask(pending === "" ? FIRST_PROMPT : NEXT_PROMPT);
    if (line === undefined) break;
    if (line === INTERRUPTED) {
      pending = "";
      continue;
    }
    pending = pending === "" ? line : `${pending}\n${line}`;
    const text = pending;
    const outcome = await prompt.during((signal) => evaluate(session, text, signal));
    if (outcome === "incomplete") continue;
    failed ||= outcome === "failed";
    pending = "";
  }
  if (pending !== "") {
    printWhole(STDERR, `Cannot run the last lines: they are not complete.\n`);
    failed = true;
  }
  return failed && !interactive ? 1 : 0;
}

async function evaluate(
  session: Session,
  text: string,
  signal: AbortSignal,
): Promise<"done" | "failed" | "incomplete"> {
  const { vm, workdir } = session;
  const context: CallContext = { cwd: workdir, running: new Set(), signal };
  try {
    // A module is empty until it is first used.
    if (/^\s*[A-Za-z]\w*\s*$/.test(text)) await namesOf(session, text.trim());
    const chunk = compile(session, text);
    if (chunk === undefined) return "incomplete";
    const results = await vm.run(chunk, [], context, { signal });
    if (results.length > 0) printWhole(STDOUT, `${results.map((value) => show(value)).join("\t")}\n`);
    return "done";
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    // What waits for the end of the session ends it.
    if (error instanceof RunExit) return "done";
    printWhole(STDERR, `${error instanceof ScriptError ? error.message : messageOf(error)}\n`);
    return "failed";
  }
}

/** The chunk, as an expression if it is one; undefined when more lines are needed. Raises ScriptError. */
function compile({ vm }: Session, text: string) {
  try {
    return vm.load(`return ${text}`, CHUNK);
  } catch {
    // Not an expression: then it is a statement.
  }
  try {
    return vm.load(text, CHUNK);
  } catch (error) {
    // Lua's own shell tells a chunk that goes on in the next line by this.
    if (error instanceof ScriptError && error.reason.endsWith("near <eof>")) return undefined;
    throw error;
  }
}

function show(value: LuaValue): string {
  return quote(value) ?? showValue(value);
}

/**
 * The names in the table that a path such as `fs` or `a.b` stands for; of the globals for the empty path. A module fills
 * itself when it is gone through; of other tables no metamethod runs.
 */
async function namesOf({ vm, workdir }: Session, path: string): Promise<string[]> {
  const source = `local at = _G
    for name in (...):gmatch("[^%.]+") do
      at = type(at) == "table" and rawget(at, name) or nil
    end
    local names = {}
    if type(at) == "table" then
      if rawequal(package.loaded[...], at) then pairs(at) end
      for name in next, at do if type(name) == "string" then names[#names + 1] = name end end
    end
    return names`;
  const [names] = await vm.run(vm.load(source, "completion"), [path], { cwd: workdir });
  return Array.isArray(names) ? names.map(String).sort() : [];
}
