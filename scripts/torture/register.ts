import type { Model } from "./linearize.ts";

/** What a key holds. The trials store numbers, so that every call has a meaning on it. */
export type Held = number | undefined;

/** One call and what it answered. `result` of a call that never answered is not looked at. */
export type RegisterCall =
  | { readonly kind: "get"; readonly result: Held }
  | { readonly kind: "set"; readonly value: number }
  | { readonly kind: "delete"; readonly result: boolean }
  | { readonly kind: "increment"; readonly by: number; readonly result: number }
  | { readonly kind: "swap"; readonly old: Held; readonly value: Held; readonly result: boolean };

/** SPEC.md's `get`, `set`, `delete`, `increment` and `compare_swap` on one key, one after the other. */
export const REGISTER: Model<Held, RegisterCall> = {
  initial: undefined,
  step(state, call, answered) {
    const { next, result } = perform(state, call);
    return answered && "result" in call && call.result !== result ? undefined : { state: next };
  },
  key: (state) => String(state),
};

function perform(state: Held, call: RegisterCall): { next: Held; result?: Held | boolean } {
  switch (call.kind) {
    case "get":
      return { next: state, result: state };
    case "set":
      return { next: call.value };
    case "delete":
      return { next: undefined, result: state !== undefined };
    case "increment":
      return { next: (state ?? 0) + call.by, result: (state ?? 0) + call.by };
    case "swap":
      return state === call.old ? { next: call.value, result: true } : { next: state, result: false };
  }
}
