-- The functions of `state` and `State` that call back, and the tables for transactions and other agents. A function runs
-- in the coroutine of its caller, so that waiting, errors and what it is inside of are what they would be without us;
-- to-be-closed variables end what was begun on every way out.
local host = ...
local setmetatable, rawset, pcall, error, type, select = setmetatable, rawset, pcall, error, type, select
local pack, unpack, running, tostring = table.pack, table.unpack, coroutine.running, tostring

-- What each coroutine makes right now, under `once` and `cache`: to ask for it there would wait for itself.
local making = setmetatable({}, { __mode = "k" })

local function check_not_making(id)
  local mine = making[running()]
  if mine and mine[id] then host.refuse_inner(id) end
end

local turn = {
  __close = function(self)
    self.mine[self.id] = nil
    host.end_turn(self.number)
  end,
}

local function take(number, id)
  local co = running()
  local mine = making[co] or {}
  making[co], mine[id] = mine, true
  return setmetatable({ number = number, mine = mine, id = id }, turn)
end

local transaction = { __close = function(self) host.end_transaction(self.number) end }
local scope = { __close = function(self) host.leave(self.place, self.number) end }
local open

local function set_of(names)
  local set = {}
  for name in names:gmatch("%S+") do set[name] = true end
  return set
end
local CALLS, LOCKS = set_of(host.names()), set_of(host.names_of_locks())

-- `place` is the number of a store; `tx` is the table itself where it is a transaction.
local function add_words(api, place, tx)
  local name = host.name_of(place)

  function api.once(key, fn)
    local id = name .. '.once("' .. tostring(key) .. '")'
    check_not_making(id)
    local found, value = host.once(place, key, fn)
    if found then return value end
    local mine <close> = take(value, id)
    local result = fn()
    host.complete(value, key, result)
    return result
  end

  function api.cache(key, ttl, fn)
    local id = name .. '.cache("' .. tostring(key) .. '")'
    check_not_making(id)
    local found, value = host.cache(place, key, ttl, fn)
    if found then return value end
    local mine <close> = take(value, id)
    local result = fn()
    if result ~= nil then host.keep(value, key, ttl, result) end
    return result
  end

  function api.transaction(fn)
    local number = host.transaction(place, fn)
    if tx then return fn(tx) end
    local mine <close> = setmetatable({ number = number }, transaction)
    while true do
      local results = pack(pcall(fn, open(host.begin(number), true)))
      if host.finish(number, results[1]) then
        if results[1] then return unpack(results, 2, results.n) end
        error(results[2], 0)
      end
    end
  end

  function api.on_change(pattern, fn)
    return host.on_change(place, pattern, fn)
  end

  function api.agent(name)
    return open(host.agent(place, name))
  end

  if tx then return api end
  function api.with_lock(...)
    local mine <close> = setmetatable({ place = place, number = host.with_lock(place, ...) }, scope)
    local fn = select(2, ...)
    if type(fn) == "string" then fn = select(4, ...) end
    return fn()
  end
  return api
end

function open(place, is_transaction)
  local api = setmetatable({}, {
    __index = function(self, name)
      if not CALLS[name] then return nil end
      local call, refused = host[name], is_transaction and LOCKS[name]
      local function on_place(...)
        if refused then host.refuse_lock(name) end
        return call(place, ...)
      end
      rawset(self, name, on_place)
      return on_place
    end,
  })
  return add_words(api, place, is_transaction and api)
end

add_words(state, host.state())
add_words(State, host.session())
