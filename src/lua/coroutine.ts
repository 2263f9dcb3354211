import type { Halt, LuaValue } from "../modules/module.ts";
import type { Wait } from "./waits.ts";
import type { LuaState } from "./wasm.ts";

/** What ends a coroutine from outside. Nothing that the script catches keeps it alive. */
export interface Limit {
  /** Ends it; its reason is what the coroutine rejects with. */
  readonly signal: AbortSignal;
  /** Called before anything computes under it: has somebody watch who can end it when Lua gives no sign of life any more. */
  readonly watch?: () => void;
  /** Called with true before anything computes under it, and with false when that waits or has ended; these nest. */
  readonly compute?: (now: boolean) => void;
}

/** One coroutine that the host started, with what the host knows about it (such as the task it runs). */
export interface Coroutine {
  readonly L: LuaState;
  readonly anchor: number;
  readonly context: unknown;
  readonly limit: Limit | undefined;
  /** Whether the hook looks at limits while it computes. */
  hooked: boolean;
  /** Whether a host function has started it that another coroutine called, which computes on top of it. */
  nested: boolean;
  /** How many coroutines of the script's own it is in that were resumed where Lua cannot suspend. */
  enclosed: number;
  /** Whether it must not run any more. */
  cancelled: boolean;
  /** The wait that it is suspended for. */
  wait?: Wait;
  /** While its variables are closed: when that ends, by `performance.now()`. */
  closingUntil?: number;
  readonly resolve: (results: LuaValue[]) => void;
  readonly reject: (reason: unknown) => void;
  /** Why it must not run any more, when it ended itself. */
  halted?: Halt;
  /** What listens to its limit. */
  onAbort?: () => void;
}

/** What has ended a coroutine that was cancelled. */
export function endOf({ halted, limit }: Coroutine): unknown {
  return (halted ?? limit?.signal)?.reason;
}
