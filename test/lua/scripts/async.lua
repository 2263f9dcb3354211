local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails
local nap = function() time.sleep(0.005) end

test("async.spawn() runs side by side, and await() gives results or raises the error itself", function()
  local order = {}
  local job = async.spawn(function(a) nap() order[#order + 1] = "job" return a, "b" end, "a")
  order[#order + 1] = "main"
  equal({ job:await() }, { "a", "b" })
  equal(order, { "main", "job" })
  equal({ job:await() }, { "a", "b" })
  local mine = {}
  local ok, err = pcall(function() async.spawn(function() nap() error(mine) end):await() end)
  assert(not ok and err == mine)
  raises("async.spawn: argument 1: expected a function, got 5", async.spawn, 5)
end)

test("async.all() gives results in order, or raises the first error and cancels the others", function()
  equal(async.all({ function() time.sleep(0.02) return 1 end, function() return 2 end }), { 1, 2 })
  equal(json.encode(async.all({})), "[]")
  local closed
  raises("boom", async.all, {
    function() nap() error("boom") end,
    function() local c <close> = setmetatable({}, { __close = function() closed = true end }) time.sleep(60) end,
  })
  equal(closed, true)
end)

test("async.map() keeps order and its limit", function()
  local now, most = 0, 0
  local results = async.map({ 1, 2, 3, 4, 5 }, function(n)
    now = now + 1
    most = math.max(most, now)
    nap()
    now = now - 1
    return n * 2
  end, { limit = 2 })
  equal(results, { 2, 4, 6, 8, 10 })
  equal(most, 2)
  raises("limit of at least 1", async.map, { 1 }, print, { limit = 0 })
  raises('async.map: argument 1: expected a list without other fields, got "a"', async.map, { a = 1 }, print)
  raises("async.all: argument 1: expected a list of functions", async.all, { a = print })
  raises("async.sleep: argument 1 (seconds): expected", async.sleep, "x")
end)

test("async.timeout() cancels what takes too long, pcall or not", function()
  local went_on = false
  local err = fails("timeout", async.timeout, 0.01, function()
    pcall(time.sleep, 60)
    went_on = true
  end)
  equal(err, "it took longer than 0.01 s")
  nap()
  equal(went_on, false)
  equal({ async.timeout("5s", function() nap() return 1, 2 end) }, { 1, 2 })
end)

test("a cancelled coroutine does not go on, and await() says so", function()
  local job = async.spawn(function() time.sleep(60) end)
  equal(job:done(), false)
  equal(job:cancel(), true)
  equal(job:cancel(), false)
  fails("interrupted", job.await, job)
end)

test("async.channel() hands values over, in order, and ends when closed", function()
  local channel, seen = async.channel(), {}
  async.spawn(function()
    for i = 1, 4 do channel:send(i) end
    channel:close()
  end)
  for value in channel:values() do seen[#seen + 1] = value end
  equal(seen, { 1, 2, 3, 4 })
  equal(select(2, channel:receive()), "closed")
  raises("closed channel", channel.send, channel, 1)
end)

test("async.channel() with a capacity lets senders go ahead that far", function()
  local channel, sent = async.channel(2), 0
  local sender = async.spawn(function() for i = 1, 4 do channel:send(i) sent = i end end)
  equal(sent, 2)
  equal(channel:receive(), 1)
  nap()
  equal(sent, 3)
  sender:cancel()
end)

test("async.channel() passes the turn of a cancelled receiver on", function()
  local channel = async.channel()
  local first = async.spawn(function() channel:receive() end)
  local second = async.spawn(function() return channel:receive() end)
  first:cancel()
  channel:send("x")
  equal(second:await(), "x")
end)

test("async.mutex() lets one in at a time, and out on every way", function()
  local mutex, order = async.mutex(), {}
  async.all({
    function() mutex:with(function() order[#order + 1] = "a" nap() order[#order + 1] = "a" end) end,
    function() mutex:with(function() order[#order + 1] = "b" end) end,
  })
  equal(order, { "a", "a", "b" })
  raises("inside", mutex.with, mutex, function() error("inside") end)
  equal(mutex.locked, false)
  raises("not locked", mutex.unlock, mutex)
end)

test("a lock's fence holds in coroutines that are spawned inside of it", function()
  state.with_lock("fence", function()
    equal(async.spawn(function() nap() state.set("inside", 1) return state.get("inside") end):await(), 1)
    state.unlock("fence")
  end)
end)

test("ten thousand coroutines at once are no trouble", function()
  local sum = 0
  local list = {}
  for i = 1, 10000 do list[i] = i end
  async.map(list, function(n) time.sleep(0) sum = sum + n end)
  equal(sum, 50005000)
end)

test("what waits forever, because nobody is left who could end that, is an error that can be caught", function()
  local channel, mutex = async.channel(), async.mutex()
  raises("Cannot receive from this channel: it waits forever, nobody else can send.", channel.receive, channel)
  raises("Cannot send into this channel: it waits forever, nobody else can receive.", channel.send, channel, 1)
  mutex:lock()
  raises("Cannot lock this mutex: it waits forever, nobody else can unlock it.", mutex.lock, mutex)
  local a, b
  a = async.spawn(function() nap() return b:await() end)
  b = async.spawn(function() return a:await() end)
  raises("Cannot await this coroutine: it waits forever", a.await, a)
end)

test("waiting forever is told of where it happens, not where it is awaited", function()
  local channel = async.channel()
  local consumer = async.spawn(function() for _ in channel:values() do end end)
  channel:send(1)
  raises("Cannot receive from this channel", consumer.await, consumer)
end)

test("waiting is not forever while anything else may end it", function()
  local channel = async.channel()
  async.spawn(function() exec.run("sleep 0.05") channel:send("command") end)
  equal(channel:receive(), "command")
  async.spawn(function() time.sleep(0.1) channel:send("timer") end)
  equal(channel:receive(), "timer")
  state.on_change("watched", function(change) channel:send(change.key) end)
  async.spawn(function() nap() state.set("watched", 1) end)
  equal(channel:receive(), "watched")
end)

test("async.spawn() in a loop that never waits does not fill the memory", function()
  local count = 0
  for _ = 1, 20000 do async.spawn(function() count = count + 1 end) end
  equal(count, 20000)
  collectgarbage()
  assert(collectgarbage("count") < 16 * 1024, "more than 16 MiB")
end)

test("exec.run() in a callback that Lua cannot suspend is refused before it begins", function()
  raises("Cannot wait in exec.run here", string.gsub, "a", "a", function() exec.run("touch begun") end)
  raises("Cannot wait in cmd here", table.sort, { 2, 1 }, function() cmd{ command = "touch begun" } end)
  raises("Cannot wait in os.execute here", string.gsub, "a", "a", function() coroutine.wrap(os.execute)("touch begun") end)
  raises("Cannot wait in io.popen here", string.gsub, "a", "a", function() io.popen("touch begun") end)
  raises("Cannot wait in time.sleep here", tostring, setmetatable({}, { __tostring = function() time.sleep(1) end }))
  equal(fs.exists("begun"), false)
end)

test("exec.run() does not wait after its timeout for who left the group and keeps the pipe", function()
  if not exec.which("setsid") then return end
  fails("timeout", exec.run, "setsid sh -c 'echo $$ > stray; exec sleep 25' & while ! [ -s stray ]; do :; done; sleep 20", { timeout = "500ms" })
  assert(exec.run("kill $(cat stray)").success, "it was waited for")
end)

test("async.timeout() ends what computes, whatever it catches", function()
  fails("timeout", async.timeout, 0.02, function() while true do end end)
  fails("timeout", async.timeout, "20ms", function()
    while true do pcall(function() while true do end end) end
  end)
  fails("timeout", async.timeout, 0.02, function()
    time.sleep(0.001)
    while true do end
  end)
  fails("timeout", async.timeout, 0.02, function()
    coroutine.wrap(function() while true do end end)()
  end)
  local closed
  fails("timeout", async.timeout, 0.02, function()
    local guard <close> = setmetatable({}, { __close = function() closed = true end })
    while true do end
  end)
  equal(closed, true)
  equal(async.timeout(5, function() local n = 0 for i = 1, 1e6 do n = n + 1 end return n end), 1000000)
  raises('expected a duration such as 30, "30s", "5m", "1h30m" or "30d", got "soon"', async.timeout, "soon", print)
end)

test("async.map() refuses options that there are not, and shows what it got", function()
  raises('field "limt": not an option of this function. Did you mean "limit"?', async.map, { 1 }, print, { limt = 1 })
  raises('field "x": not an option of this function. Known: limit', async.map, { 1 }, print, { x = 1 })
  raises("expected a limit of at least 1, got 0", async.map, { 1 }, print, { limit = 0 })
  raises("expected a limit of at least 1, got false", async.map, { 1 }, print, { limit = false })
  raises("expected a table of options, got 5", async.map, { 1 }, print, 5)
end)

test("the functions of async raise errors with a code for what they cannot do", function()
  fails("bad_argument", async.spawn, 5)
  fails("bad_argument", async.all, { 5 })
  fails("bad_argument", async.map, { 1 }, print, { limit = 0 })
  fails("bad_argument", async.map, { 1 }, print, { limits = 1 })
  fails("bad_argument", async.timeout, 1, 5)
  fails("bad_argument", async.channel, -1)
  local channel, mutex = async.channel(), async.mutex()
  channel:close()
  fails("task_failed", channel.send, channel, 1)
  fails("task_failed", mutex.unlock, mutex)
  raises("mutex:with: argument 1: expected a function, got 5", mutex.with, mutex, 5)
  raises("Cannot call channel.send on 5: write channel:send(…).", channel.send, 5)
  raises("Cannot call coroutine.await on nothing", async.spawn(print, "").await)
end)
