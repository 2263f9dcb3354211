/** The public API: what `import { … } from "runner"` gives to a plugin. */
export { z } from "zod";
export type {
  Backend,
  BackendStats,
  Change,
  ChangeRecord,
  Cursor,
  Encoded,
  Entry,
  Guard,
  ListedEntry,
  Loaded,
  LoadItem,
  LoadOptions,
  Page,
  Ref,
  Space,
  Write,
  Writer,
} from "../backends/backend.ts";
export { isSweepDue, SPACES, SWEEP_BATCH, SWEEP_INTERVAL_MS } from "../backends/backend.ts";
export { compareKeys } from "../backends/order.ts";
export type { Kept, Retention } from "../backends/retention.ts";
export { checkKept, countKept, isPruneDue, PRUNE_BATCH, pruneChance } from "../backends/retention.ts";
export { Wakers } from "../backends/wakers.ts";
export type { Awaitable } from "../lib/awaitable.ts";
export { chain } from "../lib/awaitable.ts";
export type { ArgsDef, ParsedArgs } from "../lib/command-args.ts";
export type { ErrorCode } from "../lib/errors.ts";
export { messageOf, RunnerError } from "../lib/errors.ts";
export type { Value, ValueRecord, ValueType } from "../lib/value.ts";
export { VALUE_TYPES } from "../lib/value.ts";
export { serveRenewals } from "../state/locks/serve-renewals.ts";
export type {
  CallContext,
  CommandContext,
  CommandOutput,
  JournaledRun,
  PluginContext,
  PluginLog,
  PluginState,
  StateChange,
  StateEntry,
  StateValue,
} from "./context.ts";
export type {
  BackendDef,
  BackendOptions,
  HookEvents,
  Hooks,
  ModuleFunction,
  PluginCommand,
  PluginCommands,
  PluginDef,
  TaskReport,
} from "./contract.ts";
export { API_VERSION, defineCommand, definePlugin } from "./define.ts";
