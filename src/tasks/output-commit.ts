import { type Awaitable, chain } from "../lib/awaitable.ts";
import { letSignalsIn } from "../lib/ending.ts";
import { RunnerError } from "../lib/errors.ts";
import { lookWhileComputing } from "../lib/lookout.ts";
import type { LuaVm } from "../lua/vm.ts";
import { Halt, LuaFunction } from "../modules/module.ts";
import type { Journal } from "./journal.ts";
import type { TaskOptions } from "./options.ts";
import type { Task } from "./task.ts";

/** How much may be put off: so many steps, or so many ms. */
const MOST_STEPS = 512;
const LONGEST_MS = 16;

/** Options by which something outside of the VM is done for a task, or that say that it takes its time. */
const OUTER_OPTIONS = [
  "timeout",
  "lock",
  "once",
  "sources",
  "generates",
  "artifacts",
  "consumes",
  "delegate_to",
] as const;

export interface OutputCommitOptions {
  readonly journal: Journal;
  readonly vm: LuaVm;
  /** Names of the tasks that are under way. */
  readonly running: ReadonlySet<string>;
  /** The journal cannot be written; the script that made it try has been ended. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Puts off the commits of the journal for as long as nobody could tell: until a script does something outside of the
 * VM, computes for long, or waits. A run of tasks that touch nothing costs one commit for many of them.
 *
 * The rule is the output commit of rollback-recovery (Elnozahy et al., ACM Computing Surveys 34(3), 2002), applied to a
 * disk as in external synchrony (Nightingale et al., Rethink the Sync, OSDI 2006).
 */
export class OutputCommit implements Disposable {
  /** Tasks under way that may have done something outside. */
  readonly #touched = new Set<string>();
  /** Whether such a task has ended, and the journal does not have that. */
  #isDue = false;
  #steps = 0;
  /** When the first of them was put off, and when this thread last did something else, by `performance.now()`. */
  #since = 0;
  #turnedAt = performance.now();
  #stopLooking: (() => void) | undefined;
  #isFlushDue = false;
  #isOver = false;

  constructor(private readonly options: OutputCommitOptions) {}

  /** A task begins, which was noted before. */
  begins(task: Task): void {
    if (!isQuiet(task)) this.#touched.add(task.name);
    this.watch();
  }

  /** A task has ended, which was noted before. */
  ended({ name }: Task): void {
    if (this.#touched.delete(name)) this.#isDue = true;
    this.watch();
  }

  /** To wait for before the next step: others that have ended by now get into the same commit. */
  gather(): Awaitable<void> {
    if (this.#isDue && this.options.running.size > 0) return letSignalsIn();
  }

  /** Makes what was noted last before these tasks may start, or puts that off. `isLast`: nothing follows. */
  step(starting: readonly Task[], isLast: boolean): Awaitable<void> {
    if (!this.#isDue && !isLast && starting.every(isQuiet) && this.#defer()) return;
    this.#isDue = false;
    return chain(this.commit(), () => this.#letOthersIn());
  }

  /** Makes all that was noted last, at once where the store answers at once. */
  commit(): Awaitable<void> {
    return chain(this.options.journal.commit(), () => {
      // While it waited, more may have been put off.
      if (this.options.journal.isEmpty) this.#reset();
    });
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#reset();
    this.options.vm.beforeEffect = undefined;
  }

  /** Something was noted: the first thing that a script does outside of the VM makes that last before. */
  watch(): void {
    if (this.options.journal.hasCommitNow && !this.#isOver) this.options.vm.beforeEffect = this.#beforeEffect;
  }

  #defer(): boolean {
    if (!this.options.journal.canCommitNow) return false;
    if (this.#steps === 0) this.#since = performance.now();
    else if (this.#steps >= MOST_STEPS || performance.now() - this.#since > LONGEST_MS) return false;
    this.#steps++;
    this.#stopLooking ??= lookWhileComputing(this.#look);
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      setImmediate(this.#flush);
    }
    return true;
  }

  readonly #beforeEffect = (): void => {
    const { journal, vm, running } = this.options;
    // Which of them it is makes no difference where only one runs at a time.
    for (const name of running) this.#touched.add(name);
    if (!journal.isEmpty) {
      // A task of which nobody may ever know that it has begun must not do anything.
      if (journal.isStopped) throw new Halt(new RunnerError("aborted", "the run was stopped"));
      this.#commitNow();
    }
    vm.beforeEffect = undefined;
  };

  /** A script computes: nobody else would get to commit for as long as that takes. */
  readonly #look = (): void => {
    try {
      this.#commitNow();
    } catch (thrown) {
      if (thrown instanceof Halt) this.options.vm.halt(thrown);
    }
  };

  /** Nothing more can be done at once: all tasks wait, or have had their turn. */
  readonly #flush = async (): Promise<void> => {
    this.#isFlushDue = false;
    if (this.#steps === 0) return;
    try {
      await this.commit();
    } catch (error) {
      this.options.onFailure(error);
    }
  };

  #commitNow(): void {
    try {
      this.options.journal.commitNow();
    } catch (error) {
      this.options.onFailure(error);
      throw new Halt(error);
    }
    this.#reset();
  }

  #reset(): void {
    this.#steps = 0;
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }

  /** Tasks that do not wait would keep this thread from hearing of anything else, such as Ctrl-C. */
  #letOthersIn(): Awaitable<void> {
    if (performance.now() - this.#turnedAt < LONGEST_MS) return;
    return letSignalsIn().then(() => {
      this.#turnedAt = performance.now();
    });
  }
}

/** Whether nothing outside of the VM is done for a task but by what its functions call. */
function isQuiet({ command, options }: Task): boolean {
  return isInLua(command) && isInLua(options.run_if) && isInLua(options.abort_if) && !hasOuterOption(options);
}

function hasOuterOption(options: TaskOptions): boolean {
  for (const option of OUTER_OPTIONS) if (options[option] !== undefined) return true;
  return false;
}

function isInLua(command: LuaFunction | string | undefined): boolean {
  return command === undefined || command instanceof LuaFunction;
}
