import type { ModuleDef } from "../define.ts";
import { entry } from "./entry.ts";

/** The reference of the module `async`. */
export const asyncReference: ModuleDef = {
  name: "async",
  description:
    "Coroutines side by side. What waits (a process, a sleep, a lock, the network) lets others run.",
  functions: {
    spawn: entry(
      "Starts a function; its handle has `await()` (results, or its error), `cancel()` and `done()`.",
      (z) => ({ fn: z.fn(), "...args": z.any() }),
      "{ await: (fun(self): any), cancel: (fun(self): boolean), done: (fun(self): boolean) }",
      "local job = async.spawn(function() time.sleep(0.01) return 5 end)  assert(job:await() == 5)",
    ),
    all: entry(
      "Runs functions (or awaits handles) side by side; the first result of each, in order. The first error is raised, and the others are cancelled.",
      (z) => ({ list: z.list(z.any()) }),
      "any[]",
      "local r = async.all{ function() return 1 end, function() return 2 end }  assert(r[2] == 2)",
    ),
    map: entry(
      "The results of a function for each item of a list, in order; at most `limit` at a time.",
      (z) => ({ list: z.list(z.any()), fn: z.fn(), options: z.options({ limit: z.optional(z.integer(1)) }) }),
      "any[]",
      "local r = async.map({ 1, 2, 3 }, function(n) return n * 2 end, { limit = 2 })  assert(r[3] == 6)",
    ),
    timeout: entry(
      "Runs a function; when it takes longer than so many seconds (or a duration), it is cancelled and an error with code `timeout` comes.",
      (z) => ({ seconds: z.duration(), fn: z.fn(), "...args": z.any() }),
      "any",
      "local ok, err = pcall(async.timeout, 0.01, time.sleep, 10)  assert(err.code == 'timeout')",
    ),
    channel: entry(
      "A queue between coroutines: `send(value)` waits while it is full, `receive()` while it is empty; `close()`, `values()` for loops.",
      (z) => ({ capacity: z.optional(z.integer(0)) }),
      "{ send: (fun(self, value: any)), receive: (fun(self): any), close: (fun(self)), values: (fun(self): fun(): any) }",
      "local c = async.channel(1)  c:send(5)  assert(c:receive() == 5)",
    ),
    mutex: entry(
      "A lock between coroutines of this run: `lock()`, `unlock()`, `with(fn)`.",
      () => ({}),
      "{ lock: (fun(self)), unlock: (fun(self)), with: (fun(self, fn: (fun(...: any): any), ...: any): any) }",
      "assert(async.mutex():with(function() return 5 end) == 5)",
    ),
    sleep: entry(
      "Waits; the same as time.sleep.",
      (z) => ({ seconds: z.duration() }),
      undefined,
      "async.sleep(0.01)",
    ),
  },
};

/** The reference of the functions that load other files. */
export const languageReference: ModuleDef = {
  name: "",
  description: "Global functions.",
  functions: {
    import: entry(
      "What another Lua file returns; its path is relative to this file, and it runs once.",
      (z) => ({ path: z.string() }),
      "any",
      'assert(not pcall(import, "no-such-file"))',
    ),
  },
};
