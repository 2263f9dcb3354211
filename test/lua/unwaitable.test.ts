import { expect, test } from "bun:test";
import { printed } from "./printed.ts";

/** What is called in a sort comparator what would have to wait for `held`, which a task of its own holds. */
const CALLS: readonly (readonly [name: string, call: string])[] = [
  ["state.lock", 'state.lock("held", 5)'],
  ["state.lock", 'state.lock("held", "label", 5)'],
  ["state.with_lock", 'state.with_lock("held", function() entered = true end)'],
  ["state.with_lock", 'state.with_lock("held", "label", 5, function() entered = true end)'],
  ["state.once", 'state.once("made", function() entered = true end)'],
  ["state.cache", 'state.cache("made", 60, function() entered = true end)'],
];

test.each(CALLS)(
  "%s() that would have to wait in a sort comparator leaves nothing behind: %s",
  async (name, call) => {
    const lines = await printed(`
    local begun, go = async.channel(1), async.channel(1)
    task{ name = "holder", async = true, run = function()
      local function hold() begun:send(true) go:receive() return 1 end
      ${name === "state.once" ? 'state.once("made", hold)' : name === "state.cache" ? 'state.cache("made", 60, hold)' : 'state.with_lock("held", hold)'}
    end }
    task{ name = "caller", async = true, run = function()
      begun:receive()
      raised(table.sort, { 2, 1 }, function(a, b) ${call} return a < b end)
      print(entered)
      go:send(true)
    end }
    task{ name = "after", depends_on = { "holder", "caller" }, run = function()
      -- Whoever still stood in the queue would take it now.
      time.sleep(0.05)
      print(state.is_locked("held"))
      print(state.try_lock("held"))
    end }`);
    expect(lines).toEqual([
      `bad_argument: Cannot wait in ${name} here: Lua cannot suspend what has called this code, such as table.sort, string.gsub, or a metamethod that C calls. Call it before and use its result.`,
      "nil",
      "false",
      "true",
    ]);
  },
);
