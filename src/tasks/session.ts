import { dirname, resolve } from "node:path";
import type { Awaitable } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import { SourceLoader } from "../lua/loader.ts";
import { LuaVm } from "../lua/vm.ts";
import { compileLua } from "../lua/wasm.ts";
import type { CallContext } from "../modules/context.ts";
import { createCryptoModule } from "../modules/crypto.ts";
import { createExecModule } from "../modules/exec.ts";
import { createFsModule } from "../modules/fs.ts";
import { createLockFunctions, LOCK_WORDS } from "../modules/locks.ts";
import { createLogModule, type LogRecord } from "../modules/log.ts";
import type { LuaModule, LuaRecord, LuaValue } from "../modules/module.ts";
import { createOsModule } from "../modules/os.ts";
import { createStateModule } from "../modules/state.ts";
import { createTimeModule } from "../modules/time.ts";
import { createValuesModule } from "../modules/values.ts";
import type { Locks } from "../state/locks/locks.ts";
import type { Store } from "../state/store.ts";
import dsl from "./dsl.lua" with { type: "text" };
import { readDeclarations } from "./dsl.ts";
import { forbidEffects } from "./inspection.ts";
import type { Task } from "./task.ts";

/** What the config decides; it may still be on its way while the VM compiles. */
export interface SessionSettings {
  /** The store behind `state`. */
  readonly store: Store;
  /** The locks of that store; whoever gave them closes them. */
  readonly locks: Locks;
  /** Bytes that Lua may use. */
  readonly memoryLimit: number;
}

export interface SessionOptions {
  /** The task file; absolute. */
  readonly file: string;
  /** Folder that commands and relative paths start from; absolute. Without it, the file's own. */
  readonly workdir?: string;
  /** Folder that messages name files relative to; absolute. */
  readonly viewpoint: string;
  readonly values: LuaRecord;
  readonly settings: Awaitable<SessionSettings>;
  /** Whether the file is only looked at: nothing that it does at its top level may then have an effect. */
  readonly purpose: "run" | "inspect";
  /** What scripts print. */
  readonly print: (text: string | Uint8Array, context: CallContext) => void;
  readonly log: (record: LogRecord, context: CallContext) => void;
  /** Called before anything runs, with what can show a line of a source file. */
  readonly onSources: (sources: SourceLoader) => void;
}

/** A task file that has been loaded: its top level has run, and its tasks are known. */
export interface Session {
  readonly vm: LuaVm;
  /** How messages call the task file. */
  readonly name: string;
  readonly workdir: string;
  readonly locks: Locks;
  /** Declared tasks by name, in the order of declaration; empty for a plain script. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** Resolves with the code when the script calls `os.exit`. */
  readonly exit: Promise<number>;
}

/** What loading came to: a session, or the code with which the file ended the run by `os.exit`. */
export type Loaded = { readonly session: Session } | { readonly exitCode: number };

/**
 * Loads a task file: starts a VM with all modules, runs the file's top level and reads its declarations.
 * Raises ScriptError for what the file raises, `invalid` for declarations that are wrong.
 */
export async function loadTaskFile(options: SessionOptions): Promise<Loaded> {
  const folder = dirname(options.file);
  const workdir = options.workdir ?? folder;
  const sources = new SourceLoader(folder, options.viewpoint);
  // Read before the VM starts: a mistyped name should not wait for it.
  const { source, name } = sources.read(options.file);
  const exit = Promise.withResolvers<number>();
  const top: CallContext = { cwd: workdir };
  let vm: LuaVm;
  // Only a host function asks, and those run only after the VM is there.
  const current = () => vm.context as CallContext;
  const host: LuaModule = {
    name: "host",
    functions: {
      ...sources.functions(),
      write: (text) => void options.print(text instanceof Uint8Array ? text : String(text), current()),
    },
  };
  options.onSources(sources);
  const compiling = compileLua();
  const { store, locks, memoryLimit } = await options.settings;
  vm = await LuaVm.open({ compiled: await compiling, memoryLimit, host });
  const { functions: lockFunctions, leave } = createLockFunctions(locks, store, current);
  const modules: LuaModule[] = [
    createStateModule(store, { current, locks: lockFunctions }),
    createLogModule((record) => options.log(record, current())),
    createExecModule(current),
    createFsModule(current),
    createCryptoModule(),
    createTimeModule(),
    createValuesModule(options.values),
    createOsModule({
      current,
      exit: (code) => {
        exit.resolve(code);
        return new Promise<never>(() => undefined);
      },
    }),
  ];
  for (const module of modules) {
    vm.register(options.purpose === "inspect" ? forbidEffects(module, name) : module);
  }
  vm.installWords(LOCK_WORDS, { leave });
  const collect = vm.installWords(dsl, {
    caller: () => ({ ...(vm.callers()[0] ?? { source: name, line: 0 }) }),
  });
  const ended = await Promise.race([vm.run(vm.load(source, name), [], top), exit.promise]);
  if (typeof ended === "number") return { exitCode: ended };
  const [declared] = await vm.run(collect, [], top);
  const tasks = readDeclarations(declared);
  return { session: { vm, name, workdir, locks, tasks, exit: exit.promise } };
}

/** The tasks that were asked for by name. Raises `not_found` for a name that is not declared. */
export function checkNames(
  tasks: ReadonlyMap<string, Task>,
  names: readonly string[],
  hint: (name: string) => string,
): void {
  for (const name of names) {
    if (tasks.has(name)) continue;
    throw new RunnerError("not_found", `Cannot run "${name}": no task has this name.${hint(name)}`);
  }
}

/** A value for `this`, the first argument of a task's function. */
export function createThis(task: Task, run: string, workdir: string): LuaValue {
  return { name: task.name, run_id: run, workdir: resolve(workdir), attempt: 1 };
}
