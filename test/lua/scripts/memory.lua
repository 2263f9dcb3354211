local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails

-- KiB that this process holds, where the system tells.
local function resident()
  if not fs.exists("/proc/self/status") then return 0 end
  return tonumber(fs.read("/proc/self/status"):match("VmRSS:%s+(%d+)"))
end

-- What is left after the second half of so many calls must be what was left after the first.
local function keeps_nothing(count, call)
  for i = 1, count / 2 do call(i) end
  collectgarbage()
  local lua, process = collectgarbage("count"), resident()
  for i = 1, count / 2 do call(i) end
  collectgarbage()
  assert(collectgarbage("count") - lua < 1024, "Lua has grown by " .. collectgarbage("count") - lua .. " KiB")
  assert(resident() - process < 64 * 1024, "the process has grown by " .. resident() - process .. " KiB")
end

test("a million calls of the host leave nothing behind", function()
  local basename = fs.basename
  keeps_nothing(1000000, function(i) return basename("a/b") end)
end)

test("tables, functions, errors and waits that cross to the host leave nothing behind", function()
  local sample = { name = "x", list = { 1, 2, 3 }, inner = { deep = true } }
  keeps_nothing(4000, function() return data.deep_merge(sample, { other = "y" }) end)
  keeps_nothing(1000, function() return pcall(json.decode, "{") end)
  keeps_nothing(100, function(i) return state.transaction(function(tx) return tx.set("k", i) end) end)
  keeps_nothing(1000, function() return async.spawn(function() return 1 end):await() end)
end)

test("what does not fit into the memory fails where it is made, and what comes after it works", function()
  raises("not enough memory", string.rep, "x", 1 << 30)
  raises("resulting string too large", string.rep, "x", math.maxinteger)
  raises("too many results to unpack", table.unpack, {}, 1, 1e8)
  equal(#json.decode("[1]"), 1)
end)

test("deep recursion fails where it happens, and what comes after it works", function()
  local function deep() return 1 + deep() end
  raises("stack overflow", deep)
  local co = coroutine.wrap(function() return deep() end)
  raises("stack overflow", co)
  local function nest() return coroutine.wrap(nest)() end
  raises("C stack overflow", nest)
  raises("C stack overflow", function() local s = "a" string.gsub(s, s, function() local function f() return (string.gsub(s, s, f)) end return f() end) end)
  raises("C stack overflow", function() assert(load(("("):rep(1000) .. "1" .. (")"):rep(1000))) end)
  raises("pattern too complex", string.find, ("a"):rep(300), ("a?"):rep(300))
  local cycle = {}
  cycle.cycle = cycle
  fails("bad_value", state.set, "k", cycle)
  equal(#json.decode("[1]"), 1)
end)
