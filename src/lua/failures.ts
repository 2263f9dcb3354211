import { type ErrorCode, messageOf, RunnerError } from "../lib/errors.ts";
import { type Core, pushReference } from "./core.ts";
import { type Frame, ScriptError } from "./errors.ts";
import { OutOfMemory } from "./heap.ts";
import { HOST_CHUNK } from "./traceback.ts";
import { type LuaState, MASK_COUNT, Status, Type } from "./wasm.ts";

/** How long a script's `__tostring` may take to say what an error is, in ms, and how often that is looked at. */
const DESCRIBING_MS = 200;
const DESCRIBING_INSTRUCTIONS = 10_000;
const MEBIBYTE = 2 ** 20;
const OWN_PLACE = new RegExp(`^${RegExp.escape(HOST_CHUNK.slice(1))}:\\d+: `);

/** Errors on their way over the border: the host's into Lua, a script's out of it. */
export class Failures {
  /** Reference of the prelude's `describe`. */
  describeRef = 0;
  /** Function pointer of the hook that ends a `__tostring` which does not end. */
  hook = 0;
  /** While an error is described: when that has to be over, by `performance.now()`. */
  describingUntil: number | undefined;

  /** @param memoryLimit bytes that Lua may use. */
  constructor(
    private readonly core: Core,
    private readonly memoryLimit: number,
  ) {}

  /** Raises in Lua what the host threw: text for what Lua itself would say, an error object for all else. */
  raise(L: LuaState, thrown: unknown): number {
    const { api, marshaller } = this.core;
    api.lua_settop(L, 0);
    if (thrown instanceof OutOfMemory) marshaller.pushString(L, thrown.message);
    else if (isStackOverflow(thrown)) marshaller.pushString(L, "stack overflow");
    else if (thrown instanceof ScriptError && thrown.code === "task_failed") {
      marshaller.pushString(L, thrown.message);
    } else {
      const code: ErrorCode = thrown instanceof RunnerError ? thrown.code : "bug";
      const message = thrown instanceof ScriptError ? thrown.reason : messageOf(thrown);
      marshaller.push(L, { code, message });
      pushReference(api, L, this.core.errorMetatable);
      api.lua_setmetatable(L, -2);
    }
    return api.lua_error(L);
  }

  /** What a coroutine died of; the error value is on top of its stack. */
  scriptError(L: LuaState, status: number): ScriptError {
    const frames = this.core.tracer.frames(L);
    if (status === Status.MemoryError) {
      const reason = `not enough memory: Lua may use ${Math.floor(this.memoryLimit / MEBIBYTE)} MiB. Raise lua.memory, or keep less at a time.`;
      return new ScriptError("task_failed", reason, frames, frames[0]);
    }
    const code = this.errorCode(L);
    // What C says of a call of ours, such as that of a `__tostring`, is about the script's.
    const text = this.describe(L).replace(OWN_PLACE, "");
    const raised = raisedAt(text, frames);
    const reason = raised ? text.slice(`${raised.source}:${raised.line}: `.length) : text;
    return new ScriptError(code, reason, frames, raised ?? frames[0]);
  }

  /** Why a chunk did not compile; the message is on top of the main stack. */
  syntaxError(source: string): ScriptError {
    const text = this.describe(this.core.main);
    const match = /^(.*?):(\d+): (.*)$/s.exec(text);
    if (match === null) return new ScriptError("invalid", text, [], undefined);
    return new ScriptError("invalid", match[3] ?? text, [], { source, line: Number(match[2]) });
  }

  /** The code of the error object on top of the stack; whatever else was raised is a failure of the script. */
  private errorCode(L: LuaState): ErrorCode {
    const { api, marshaller } = this.core;
    if (api.lua_type(L, -1) !== Type.Table || api.lua_getmetatable(L, -1) === 0) return "task_failed";
    pushReference(api, L, this.core.errorMetatable);
    const ours = api.lua_rawequal(L, -1, -2) === 1;
    api.lua_settop(L, -3);
    if (!ours) return "task_failed";
    marshaller.pushString(L, "code");
    api.lua_rawget(L, -2);
    const code = marshaller.read(L, -1);
    api.lua_settop(L, -2);
    // `raise` puts an ErrorCode there; a script that overwrites it gets what it wrote reported as a failure.
    return RunnerError.isCode(code) ? code : "task_failed";
  }

  /** The value on top of the stack as `tostring` gives it; a script's `__tostring` runs protected. */
  private describe(L: LuaState): string {
    const { api, main, marshaller } = this.core;
    if (L !== main) {
      api.lua_pushvalue(L, -1);
      api.lua_xmove(L, main, 1);
    }
    const value = api.lua_gettop(main);
    pushReference(api, main, this.describeRef);
    api.lua_pushvalue(main, value);
    this.describingUntil = performance.now() + DESCRIBING_MS;
    api.lua_sethook(main, this.hook, MASK_COUNT, DESCRIBING_INSTRUCTIONS);
    const status = api.lua_pcallk(main, 1, 1, 0, 0, 0);
    api.lua_sethook(main, 0, 0, 0);
    this.describingUntil = undefined;
    const text = marshaller.read(main, -1);
    api.lua_settop(main, value - 1);
    if (status !== Status.Ok) return "an error object whose __tostring does not end";
    return text instanceof Uint8Array ? Buffer.from(text).toString("latin1") : String(text);
  }
}

/**
 * The place that Lua has put in front of a message. What was caught and raised again, as a transaction does, comes from a
 * line that is not on the stack any more.
 */
function raisedAt(text: string, frames: readonly Frame[]): Frame | undefined {
  const exact = frames.find(({ source, line }) => text.startsWith(`${source}:${line}: `));
  if (exact !== undefined) return exact;
  for (const { source } of frames) {
    const line = text.startsWith(`${source}:`) ? /^\d+(?=: )/.exec(text.slice(source.length + 1)) : null;
    if (line !== null) return { source, line: Number(line[0]) };
  }
  return undefined;
}

/** Whether JavaScript's own stack was exhausted, which deep recursion through the host does before Lua's is. */
function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message.includes("call stack");
}
