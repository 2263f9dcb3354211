import { describe, test } from "bun:test";
import { contractOf } from "../../src/contract/all.ts";
import type { Subject } from "../../src/contract/subject.ts";

/** Everything that a backend promises, one test for each promise. */
export function backendContract(subject: Subject): void {
  for (const { title, cases } of contractOf(subject)) {
    describe(title, () => {
      for (const { title: promise, run, timeout } of cases) test(promise, run, timeout);
    });
  }
}
