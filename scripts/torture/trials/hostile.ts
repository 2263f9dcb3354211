import type { Random } from "../random.ts";
import { hold, showsStack, type Trial } from "../trial.ts";

/** What never ends by itself. */
const ENDLESS = [
  "while true do end",
  "while true do pcall(error) end",
  "while true do pcall(time.sleep, 0) end",
  "local function f() return pcall(f) end while true do f() end",
  "for _ in function() return 1 end do end",
  "repeat local t = setmetatable({}, { __gc = function() end }) until false",
  'string.find(("a"):rep(60000), (".-"):rep(40) .. "b")',
  "local t = {} while true do t[#t % 1000 + 1] = tostring(#t) end",
  "while true do string.rep('x', 1000000) end",
  "while true do coroutine.wrap(function() end)() end",
];

/** What may stand around it: `BODY` is the place. */
const AROUND = [
  "pcall(function() BODY end)",
  "xpcall(function() BODY end, function() while true do end end)",
  "while true do pcall(function() BODY end) end",
  "coroutine.wrap(function() BODY end)()",
  "async.spawn(function() BODY end):await()",
  "async.timeout(60, function() BODY end)",
  "local t = setmetatable({}, { __index = function() BODY end }) local _ = t.x",
  "local x <close> = setmetatable({}, { __close = function() BODY end })",
  "do local _ = setmetatable({}, { __gc = function() BODY end }) end collectgarbage()",
  'string.gsub("aaa", "a", function() BODY end)',
  "table.sort({ 3, 2, 1 }, function() BODY end)",
  "state.transaction(function() BODY end)",
  'state.with_lock("l", function() BODY end)',
  "assert(load([==[BODY]==]))()",
  "error(setmetatable({}, { __tostring = function() BODY end }))",
];

/** What ends by itself, with an error and no more. */
const BOMBS = [
  'local s = "x" while true do s = s .. s end',
  "local t = {} for i = 1, math.huge do t[i] = { i } end",
  "local function f() return f() + 1 end f()",
  "string.rep('x', 1 << 40)",
  "local t = {} t[1] = t json.encode(t)",
  "load(string.dump(function() end))()",
  "local s = string.rep('(', 100000) load('return ' .. s)()",
  "table.concat(setmetatable({}, { __len = function() return 1 << 40 end }))",
];

/** Scripts that mean to outlast their timeout, or to take the process with them. */
export const HOSTILE: Trial = {
  name: "hostile Lua",
  rounds: { short: 12, long: 1000 },
  async run({ createSandbox, rounds, random }) {
    using sandbox = await createSandbox();
    let failed = 0;
    for (let round = 0; round < rounds; round++) {
      const body = random.next() < 0.8 ? wrap(random) : random.pick(BOMBS);
      const source = `state.set("kept", ${round})
task({ name = "h", timeout = "200ms", run = function() ${body} end })`;
      const env = { RUNNER_LUA_MEMORY: "64MiB" };
      const { exitCode, stderr } = await sandbox.runLua(source, [], { env });
      // What nobody collects or prints never runs.
      hold("it is ended", exitCode === 1 || (exitCode === 0 && /__gc|__tostring/.test(body)), {
        exitCode,
        stderr,
        body,
      });
      hold("it is no bug of runner's", !showsStack(stderr), { stderr, body });
      failed += exitCode === 1 ? 1 : 0;
      const { stdout } = await sandbox.run(["state", "get", "kept"]);
      hold("the store is intact", stdout === `${round}\n`, { stdout, body });
    }
    const { exitCode } = await sandbox.run(["state", "verify"]);
    hold("the store is whole", exitCode === 0);
    return { scripts: rounds, "ended by force or error": failed, "got away": 0 };
  },
};

/** Something endless inside of up to three other things. */
function wrap(random: Random): string {
  let body = random.pick(ENDLESS);
  for (let depth = random.integer(0, 3); depth > 0; depth--) {
    const around = random.pick(AROUND);
    // A long string in a long string would end it.
    if (around.includes("[==[") && body.includes("[==[")) continue;
    body = around.replace("BODY", () => body);
  }
  return body;
}
