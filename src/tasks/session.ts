import { dirname, resolve } from "node:path";
import type { Awaitable } from "../lib/awaitable.ts";
import { messageOf } from "../lib/errors.ts";
import { createAsyncFunctions } from "../lua/async.ts";
import { ScriptError } from "../lua/errors.ts";
import { Files } from "../lua/files.ts";
import { SourceLoader } from "../lua/loader.ts";
import { createRequiring, Loads } from "../lua/loads.ts";
import { LuaVm } from "../lua/vm.ts";
import { compileLua } from "../lua/wasm.ts";
import type { CallContext } from "../modules/context.ts";
import type { LogRecord } from "../modules/log.ts";
import { Halt, type LuaFunction, type LuaModule, type LuaRecord, Results } from "../modules/module.ts";
import { resolvePath, subjectOf } from "../modules/paths.ts";
import { createPermits, type Permits, UNLIMITED } from "../modules/permits.ts";
import type { ShowProgress } from "../modules/progress.ts";
import { NO_SECRETS, Secrets } from "../modules/secrets.ts";
import type { LockedStore } from "../modules/state/place.ts";
import type { ScriptPlugins } from "../plugins/session.ts";
import type { Locks } from "../state/locks/locks.ts";
import type { Store } from "../state/store.ts";
import { type Declarations, readDeclarations } from "./declarations.ts";
import dsl from "./dsl.lua" with { type: "text" };
import { forbidEffects, pretendEffects, refuseEffect } from "./inspection.ts";
import { installModules } from "./install-modules.ts";
import { limitOfTimeout, RunExit, type TimeLimit } from "./limit.ts";
import { Locator } from "./locate.ts";
import { modernize } from "./modern.ts";
import type { Task } from "./task.ts";

/** What the config decides; it may still be on its way while the VM compiles. */
export interface SessionSettings {
  /** The store behind `state`. */
  readonly store: Store;
  /** The locks of that store; whoever gave them closes them. */
  readonly locks: Locks;
  /** The store behind `State`, with its locks. */
  readonly session: LockedStore;
  /** The store of another agent with its locks, the same one each time. Raises `bad_argument` for a bad name. */
  readonly openAgent: (name: string) => Awaitable<LockedStore>;
  /** Bytes that Lua may use. */
  readonly memoryLimit: number;
  /** Whether what has this name must not be shown in the log; nothing is secret without it. */
  readonly isSecret?: (name: string) => boolean;
  /** How long the top level may take. */
  readonly limit?: TimeLimit | undefined;
  /** What plugins add for scripts. */
  readonly plugins?: ScriptPlugins;
}

export interface SessionOptions {
  /** The task file; absolute. */
  readonly file: string;
  /** What to run instead of the file's content. */
  readonly source?: string;
  /** Folder that commands and relative paths start from; absolute. Without it, the file's own. */
  readonly workdir?: string;
  /** Folder that messages name files relative to; absolute. */
  readonly viewpoint: string;
  readonly values: LuaRecord;
  readonly settings: Awaitable<SessionSettings>;
  /** Whether the file is only looked at: nothing that it does at its top level may then have an effect. */
  readonly purpose: "run" | "inspect";
  /** What scripts may do; everything if absent. */
  readonly permits?: Permits;
  /** What takes the place of standard input, a piece at a time, empty at its end; the system's own for undefined. */
  readonly readInput?: () => Uint8Array | undefined;
  /** What scripts and their commands print. */
  readonly print: (text: string | Uint8Array, context: CallContext, stream: "stdout" | "stderr") => void;
  readonly log: (record: LogRecord, context: CallContext) => void;
  /** Shows long work of a script, its size in bytes; nothing is shown without it. */
  readonly progress?: ShowProgress;
  /**
   * Makes an inspection a dry run: gets what functions would change that know how to say it, in place of the error
   * that others raise.
   */
  readonly onPretended?: (diff: string) => void;
  /** Called before anything runs, with what can show a line of a source file. */
  readonly onSources: (sources: SourceLoader) => void;
}

/** A task file that has been loaded: its top level has run, and its tasks are known. */
export interface Session {
  readonly vm: LuaVm;
  /** The task file; absolute. */
  readonly file: string;
  /** How messages call the task file. */
  readonly name: string;
  readonly workdir: string;
  readonly locks: Locks;
  readonly permits: Permits;
  readonly declarations: Declarations;
  /** What dsl.lua gave: runs words of its own. */
  readonly words: LuaFunction;
  /** The folder that a task works in; absolute. */
  folderOf(task: Task): string;
  /** The lines of its file that a function stands on; nothing where it stands in no file. */
  textOf(fn: LuaFunction): string;
  /** Resolves when the script calls `os.exit`. */
  readonly exit: Promise<RunExit>;
  /** To be awaited when no script runs any more: commands that it wrote to take all of that, and end. */
  finish(): Promise<void>;
  /** To be awaited when a function of a task has ended: tells of coroutines that failed and that nobody awaited. */
  tellLost(context: CallContext): Awaitable<void>;
}

/** What loading came to. */
export interface Loaded {
  /** Without declarations when the file ended itself. */
  readonly session: Session;
  /** How the file ended itself by `os.exit`; `dropped` says that with what it had declared. */
  readonly ended?: { readonly exitCode: number; readonly dropped: string | undefined };
}

/**
 * Loads a task file: starts a VM with all modules, runs the file's top level and reads its declarations.
 * Raises ScriptError for what the file raises, `invalid` for declarations that are wrong.
 */
export async function loadTaskFile(options: SessionOptions): Promise<Loaded> {
  const folder = dirname(options.file);
  const workdir = options.workdir ?? folder;
  const { progress } = options;
  const sources = new SourceLoader(folder, options.viewpoint, modernize);
  // Read before the VM starts: a mistyped name should not wait for it.
  const { source, name } =
    options.source === undefined
      ? sources.read(options.file)
      : { source: options.source, name: sources.nameOf(options.file) };
  const exit = Promise.withResolvers<RunExit>();
  const endings: (() => Promise<unknown>)[] = [];
  const finish = async () => {
    files.flush();
    for (const act of endings) await act();
  };
  const spawned = new Set<Promise<unknown>>();
  const { onPretended } = options;
  const top: CallContext = { cwd: workdir, running: spawned, dryRun: onPretended !== undefined };
  let vm: LuaVm;
  // Only a host function asks, and those run only after the VM is there.
  const current = () => vm.context as CallContext;
  const permits = options.permits ?? UNLIMITED;
  // A script may be in several files below its folder; errors of others would tell what they hold.
  const permitSource = (path: string, callee: string) => {
    if (permits === UNLIMITED) return;
    const own = [folder, ...(plugins?.lua.flatMap(({ roots }) => roots) ?? [])];
    if (
      !createPermits(
        own.map((each) => `fs=${each}`),
        folder,
      ).allows("fs", path)
    )
      permits.check("fs", path, callee);
  };
  const loads = new Loads(current);
  const requiring = createRequiring(loads);
  const host: LuaModule = {
    name: "host",
    functions: {
      ...sources.functions(permitSource),
      ...requiring.functions,
      write: (text) =>
        void options.print(text instanceof Uint8Array ? text : String(text), current(), "stdout"),
    },
    waits: requiring.waits,
  };
  options.onSources(sources);
  const compiling = compileLua();
  const { store, locks, session, openAgent, memoryLimit, isSecret, limit, plugins } = await options.settings;
  const secrets = isSecret === undefined ? NO_SECRETS : new Secrets(isSecret);
  secrets.note("", options.values);
  const files = new Files({
    locate: (path, use) => {
      // A file that C flushes when nobody calls was located when it was opened.
      const absolute = resolvePath(current()?.cwd ?? workdir, path);
      if (use === "write" && options.purpose === "inspect" && current() === top) return undefined;
      return permits.allows("fs", subjectOf(absolute)) ? absolute : undefined;
    },
    print: (bytes, stream) => options.print(bytes, current() ?? top, stream),
    ...(options.readInput && { readInput: options.readInput }),
  });
  vm = await LuaVm.open({ compiled: await compiling, memoryLimit, host, files });
  const spawning = createAsyncFunctions(vm, limitOfTimeout, (message) =>
    options.log(
      { level: "error", message: `nobody awaited a coroutine that failed: ${message}`, fields: {} },
      top,
    ),
  );
  installModules(vm, {
    modules: {
      current,
      permits,
      secrets,
      store,
      values: options.values,
      log: (record) => options.log(record, current()),
      ...(progress && { showProgress: progress }),
      output: (stream, chunk, context) => options.print(chunk, context, stream),
      exit: (code) => {
        files.flush();
        const end = new RunExit(code, current().task);
        exit.resolve(end);
        throw new Halt(end);
      },
    },
    state: {
      current,
      canWait: () => vm.canWait,
      secrets,
      state: { store, locks },
      session,
      openAgent,
      report: (error) => options.log({ level: "error", message: messageOf(error), fields: {} }, top),
    },
    io: {
      current,
      permits,
      secrets,
      files,
      sources,
      loads,
      forbid: (callee) => options.purpose === "inspect" && refuseEffect(callee, name),
      canWait: () => vm.canWait,
      caller: () => resolve(options.viewpoint, vm.callers(1)[0]?.source ?? name),
      permitSource,
      atEnd: (act) => void endings.push(act),
      show: options.print,
    },
    spawning,
    plugins,
    allowed: (module) => {
      if (options.purpose === "run") return module;
      return onPretended ? pretendEffects(module, name, onPretended) : forbidEffects(module, name);
    },
  });
  if (plugins !== undefined && plugins.lua.length + plugins.broken.size > 0) {
    (await import("../lua/plugins.ts")).installLuaPlugins(vm, plugins, sources);
  }
  const words = vm.installWords(dsl, {
    caller: () => {
      const [{ source: file, line } = { source: name, line: 0 }] = vm.callers(1);
      return new Results([file, line]);
    },
  });
  const load = async () => {
    await vm.run(vm.load(source, name), [], top, limit);
    await spawning.finish(spawned);
    await spawning.tellLost(top);
    return await vm.run(words, ["collect"], top);
  };
  const hasDeclared = async () => (await vm.run(words, ["count"], top))[0] !== 0;
  const ended = await Promise.race([load(), exit.promise]).catch(async (error) => {
    if (limit?.signal.aborted) throw error;
    await finish();
    const isPlain = !(error instanceof ScriptError) || !(await hasDeclared());
    throw isPlain ? error : error.asInvalid();
  });
  const isOver = ended instanceof RunExit;
  if (isOver) await finish();
  const [declared] = isOver ? [] : ended;
  const locators = new Map<string, Locator>();
  const locate = (of: string) => {
    const locator = locators.get(of) ?? new Locator(() => sources.textOf(of));
    locators.set(of, locator);
    return locator;
  };
  const declarations = readDeclarations(declared, {
    file: name,
    locate,
    // No others can be configured yet; this one is the machine itself.
    agents: ["local"],
  });
  return {
    session: {
      vm,
      file: options.file,
      name,
      workdir,
      locks,
      permits,
      declarations,
      words,
      folderOf: ({ options: { workdir: own } }) => (own === undefined ? workdir : resolve(workdir, own)),
      textOf: (fn) => sources.textAt(vm.definitionOf(fn)),
      exit: exit.promise,
      finish,
      tellLost: spawning.tellLost,
    },
    ...(isOver && {
      ended: { exitCode: ended.status, dropped: (await hasDeclared()) ? droppedBy(ended, name) : undefined },
    }),
  };
}

function droppedBy({ status }: RunExit, file: string): string {
  return `${file} ended itself by os.exit(${status}): none of the tasks that it had declared by then is run.`;
}
