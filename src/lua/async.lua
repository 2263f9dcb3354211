-- The module `async`: coroutines of the scheduler's own, side by side in one VM. The host only starts them, lets them
-- wait and wakes them; values and errors stay in Lua, so that they arrive as what they are.
local host = ...
local async = async
local type, error, getmetatable, setmetatable, pcall, next = type, error, getmetatable, setmetatable, pcall, next
local pack, unpack, remove = table.pack, table.unpack, table.remove
local collect = collectgarbage

-- A value as messages show it: numbers and short texts whole, others by their type.
local function shown(value)
  if value == nil then return "nothing" end
  if type(value) == "string" and #value <= 40 then return ("%q"):format(value) end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return "a " .. type(value)
end

local function expect(ok, callee, argument, wanted, got)
  if ok then return end
  host.raise("bad_argument", ("%s: argument %d: expected %s, got %s"):format(callee, argument, wanted, shown(got)))
end

local function failure(code, message)
  local _, err = pcall(host.raise, code, message)
  return err
end

local function wake_first(queue)
  if queue[1] then host.wake(remove(queue, 1)) end
end

local Place = {}

-- Whoever is cancelled while waiting leaves the queue, or passes on the turn that it was just given.
function Place:__close()
  if self.woken then return end
  host.wake(self.ticket)
  for i, ticket in ipairs(self.queue) do
    if ticket == self.ticket then
      remove(self.queue, i)
      return
    end
  end
  wake_first(self.queue)
end

-- Lets the caller wait in a queue until somebody wakes it; `what` says for what, when nobody ever can.
local function wait_in(queue, what)
  local place <close> = setmetatable({ queue = queue, ticket = host.ticket() }, Place)
  queue[#queue + 1] = place.ticket
  host.wait(place.ticket, what)
  place.woken = true
end

local function wake_all(queue)
  while queue[1] do wake_first(queue) end
end

local Task = { __name = "async task" }
Task.__index = Task

-- As far as that can be known: once nobody has the handle any more, nobody will ask.
function Task:__gc()
  if self.results and not self.results[1] and not self.observed then host.lost(tostring(self.results[2])) end
end

local function settle(task, ...)
  if task.results then return end
  task.results = pack(...)
  if not task.results[1] then host.failed() end
  wake_all(task.queue)
  for _, listener in ipairs(task.listeners) do listener() end
end

-- Waits for its end; its results, or its error.
function Task:await()
  self.observed = true
  while not self.results do wait_in(self.queue, "await") end
  if not self.results[1] then error(self.results[2], 0) end
  return unpack(self.results, 2, self.results.n)
end

-- Ends it where it waits, or at its next wait; to-be-closed variables are closed.
function Task:cancel()
  if self.results then return false end
  self.observed = true
  settle(self, false, failure("interrupted", "the coroutine was cancelled"))
  host.cancel(self.number)
  return true
end

function Task:done()
  return self.results ~= nil
end

-- With `seconds`, what computes is ended when they are over; `over` then says that they were at once.
local function spawn(seconds, fn, ...)
  local task = setmetatable({ queue = {}, listeners = {} }, Task)
  local args = pack(...)
  task.number = host.ticket()
  -- What a loop starts without ever waiting has to be cleared away, too.
  if host.is_turn_due() then pcall(host.turn) end
  task.over = host.start(task.number, function()
    settle(task, pcall(fn, unpack(args, 1, args.n)))
  end, seconds)
  return task
end

function async.spawn(fn, ...)
  expect(type(fn) == "function", "async.spawn", 1, "a function", fn)
  return spawn(nil, fn, ...)
end

local function expect_list(list, callee, wanted)
  expect(type(list) == "table", callee, 1, wanted, list)
  for key in next, list do expect(math.type(key) == "integer", callee, 1, wanted .. " without other fields", key) end
end

-- The first result of each, in order. The first error is raised at once, and the others are cancelled.
local function gather(tasks)
  local queue, left, failed = {}, 0, nil
  local function note(task)
    if not task.results[1] and not failed then failed = task end
    if left == 0 or failed then wake_all(queue) end
  end
  for i = 1, #tasks do
    local task = tasks[i]
    task.observed = true
    if task.results then note(task)
    else
      left = left + 1
      task.listeners[#task.listeners + 1] = function()
        left = left - 1
        note(task)
      end
    end
  end
  while left > 0 and not failed do wait_in(queue, "await") end
  if failed then
    for i = 1, #tasks do tasks[i]:cancel() end
    error(failed.results[2], 0)
  end
  local results = json.list()
  for i = 1, #tasks do results[i] = tasks[i].results[2] end
  return results
end

function async.all(list)
  expect_list(list, "async.all", "a list of functions or coroutines")
  local tasks = {}
  for i = 1, #list do
    local is_task = getmetatable(list[i]) == Task
    expect(type(list[i]) == "function" or is_task, "async.all", 1, "a list of functions", list[i])
    tasks[i] = is_task and list[i] or async.spawn(list[i])
  end
  return gather(tasks)
end

function async.map(list, fn, options)
  expect_list(list, "async.map", "a list")
  expect(type(fn) == "function", "async.map", 2, "a function", fn)
  expect(options == nil or type(options) == "table", "async.map", 3, "a table of options", options)
  for name in next, options or {} do
    if name ~= "limit" then
      local message = "async.map: argument 3, field %s: not an option of this function.%s"
      host.raise("bad_argument", message:format(shown(name), host.hint(name)))
    end
  end
  local limit = options and options.limit
  if limit == nil then limit = #list end
  expect(math.type(limit) == "integer" and (limit >= 1 or #list == 0), "async.map", 3, "a limit of at least 1", limit)
  local results, next_item = json.list(), 1
  local function work()
    while next_item <= #list do
      local i = next_item
      next_item = i + 1
      results[i] = fn(list[i], i)
    end
  end
  local workers = {}
  for i = 1, math.min(limit, #list) do workers[i] = async.spawn(work) end
  gather(workers)
  return results
end

function async.timeout(seconds, fn, ...)
  expect(type(fn) == "function", "async.timeout", 2, "a function", fn)
  host.check_duration(seconds, "async.timeout")
  local task = spawn(seconds, fn, ...)
  local function stop()
    if task.results then return end
    task.observed = true
    settle(task, false, failure("timeout", ("it took longer than %s"):format(type(seconds) == "number" and seconds .. " s" or seconds)))
    host.cancel(task.number)
  end
  if task.over then stop() end
  if task.results then return task:await() end
  local timer = async.spawn(function()
    time.sleep(seconds)
    stop()
  end)
  local results = pack(pcall(task.await, task))
  timer:cancel()
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, results.n)
end

local Channel = { __name = "async channel" }
Channel.__index = Channel

function async.channel(capacity)
  capacity = capacity or 0
  expect(math.type(capacity) == "integer" and capacity >= 0, "async.channel", 1, "a whole number of at least 0", capacity)
  return setmetatable({ capacity = capacity, items = {}, first = 1, last = 0, senders = {}, receivers = {}, waiting = 0 }, Channel)
end

-- Waits while the channel is full; an error when it is closed.
function Channel:send(value)
  while not self.closed and self.last - self.first + 1 >= self.capacity + self.waiting do wait_in(self.senders, "send") end
  if self.closed then host.raise("task_failed", "Cannot send into a closed channel: nobody receives any more.") end
  self.last = self.last + 1
  self.items[self.last] = { value }
  wake_first(self.receivers)
end

local Counted = { __close = function(counted) counted.channel.waiting = counted.channel.waiting - 1 end }

-- The next value, or nil and "closed" when there will be none.
function Channel:receive()
  while self.first > self.last do
    if self.closed then return nil, "closed" end
    self.waiting = self.waiting + 1
    -- Whoever is cancelled does not receive any more.
    local counted <close> = setmetatable({ channel = self }, Counted)
    wake_first(self.senders)
    wait_in(self.receivers, "receive")
  end
  local item = self.items[self.first]
  self.items[self.first] = nil
  self.first = self.first + 1
  wake_first(self.senders)
  return item[1]
end

function Channel:close()
  self.closed = true
  wake_all(self.receivers)
  wake_all(self.senders)
end

-- For `for value in channel:values() do`: ends when the channel is closed and empty.
function Channel:values()
  return function() return (self:receive()) end
end

local Mutex = { __name = "async mutex" }
Mutex.__index = Mutex

function async.mutex()
  return setmetatable({ queue = {} }, Mutex)
end

function Mutex:lock()
  while self.locked do wait_in(self.queue, "lock") end
  self.locked = true
end

function Mutex:unlock()
  if not self.locked then host.raise("task_failed", "Cannot unlock this mutex: it is not locked.") end
  self.locked = false
  wake_first(self.queue)
end

-- Runs fn while holding it; fn's results.
function Mutex:with(fn, ...)
  expect(type(fn) == "function", "mutex:with", 1, "a function", fn)
  self:lock()
  local held <close> = setmetatable({}, { __close = function() self:unlock() end })
  return fn(...)
end

-- `channel.send(1)`, without its channel.
for kind, class in next, { coroutine = Task, channel = Channel, mutex = Mutex } do
  for name, method in next, class do
    if type(method) == "function" and name:sub(1, 2) ~= "__" then
      class[name] = function(self, ...)
        if getmetatable(self) ~= class then
          host.raise("bad_argument", ("Cannot call %s.%s on %s: write %s:%s(…)."):format(kind, name, shown(self), kind, name))
        end
        return method(self, ...)
      end
    end
  end
end

function async.sleep(seconds)
  host.check_duration(seconds, "async.sleep")
  time.sleep(seconds)
end

return function() collect() end
