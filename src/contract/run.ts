import { messageOf } from "../lib/errors.ts";
import { contractOf } from "./all.ts";
import type { Case } from "./harness.ts";
import type { Subject } from "./subject.ts";

/** What became of one case. */
export interface CaseResult {
  readonly topic: string;
  readonly title: string;
  readonly passed: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** Why it failed; absent when it passed. */
  readonly reason?: string;
}

export interface ContractOptions {
  /** Told of each case as it ends. */
  readonly onResult?: (result: CaseResult) => void;
  /** Milliseconds after which a case counts as hung; 60,000 if absent. */
  readonly hungAfter?: number;
}

/** How a backend does by the contract. */
export interface ContractReport {
  readonly passed: number;
  readonly failed: readonly CaseResult[];
}

/** How many cases there are. */
export function countCases(subject: Subject): number {
  return contractOf(subject).reduce((sum, { cases }) => sum + cases.length, 0);
}

/** More than any case asks for under `bun test`. */
const HUNG_AFTER = 60_000;

/**
 * Runs every case of the contract against a backend, one after the other, and never raises: what goes wrong is the
 * failure of a case.
 */
export async function runBackendContract(
  subject: Subject,
  { onResult, hungAfter = HUNG_AFTER }: ContractOptions = {},
): Promise<ContractReport> {
  const failed: CaseResult[] = [];
  let passed = 0;
  using strays = catchStrays();
  for (const topic of contractOf(subject)) {
    for (const one of topic.cases) {
      const start = performance.now();
      const raised = await reasonOfFailure(one, hungAfter);
      const stray = strays.take();
      const reason = raised ?? stray;
      const result: CaseResult = {
        topic: topic.title,
        title: one.title,
        passed: reason === undefined,
        duration: performance.now() - start,
        ...(reason === undefined ? {} : { reason }),
      };
      if (result.passed) passed++;
      else failed.push(result);
      onResult?.(result);
    }
  }
  return { passed, failed };
}

const STRAYS = ["unhandledRejection", "uncaughtException"] as const;

/** Keeps what a backend raises where nobody waits for it from ending the process: it is the failure of a case. */
function catchStrays(): Disposable & { take(): string | undefined } {
  const reasons: string[] = [];
  const keep = (thrown: unknown) =>
    void reasons.push(`Raised where nobody waits for it: ${messageOf(thrown)}`);
  const others = STRAYS.map((name) => [name, process.listeners(name)] as const);
  for (const name of STRAYS) process.removeAllListeners(name).on(name, keep);
  return {
    take: () => reasons.splice(0)[0],
    [Symbol.dispose]() {
      for (const [name, listeners] of others) {
        process.off(name, keep);
        for (const listener of listeners) process.on(name, listener);
      }
    },
  };
}

/** Runs a case; undefined when it holds. */
async function reasonOfFailure({ run }: Case, hungAfter: number): Promise<string | undefined> {
  const hung = Promise.withResolvers<string>();
  const timer = setTimeout(() => hung.resolve(`It did not end in ${hungAfter / 1000} s.`), hungAfter);
  const ended = run().then(() => undefined, explain);
  try {
    return await Promise.race([ended, hung.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What was raised; for a property, what it met and the values with which it did. */
function explain(thrown: unknown): string {
  const message = messageOf(thrown);
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause === undefined) return withoutSource(message);
  const [example = ""] = /^Counterexample: .*$/m.exec(message) ?? [];
  return `${withoutSource(messageOf(cause))}\n${example}`.trimEnd();
}

/** The engine quotes the source of the place, which in this program is a line of a thousand letters. */
function withoutSource(message: string): string {
  return message.replace(/ \(In '.*$/s, "");
}
