-- What happens to an error where it is raised: the handlers of xpcall, and what `debug` shows of the stack. The prelude runs
-- this with what it knows of the scheduler.
local host, PENDING, raw_resume, relay, resume, create = ...
local running, status, close = coroutine.running, coroutine.status, coroutine.close
local isyieldable, setmetatable, type, error = coroutine.isyieldable, setmetatable, type, error
local pack, unpack, pcall, tostring, rawequal = table.pack, table.unpack, pcall, tostring, rawequal
local integer = math.tointeger

-- The coroutines that handlers of xpcall run in, with those whose errors they handle.
local handled = setmetatable({}, { __mode = "k" })
-- How often a handler gets its own error to handle.
local MOST_ERRORS = 100
local NO_YIELD = "attempt to yield across a C-call boundary"

-- Runs a handler, and again for its own error as Lua does: its result, or the coroutine that has it wait.
local function handle(handler, origin, go, err)
  for _ = 1, MOST_ERRORS do
    local co = create(handler)
    handled[co] = origin
    local ok, value = go(co, err)
    -- The stack of the error cannot pause.
    while status(co) == "suspended" and value == nil and host.stay() do ok, value = go(co) end
    if status(co) == "suspended" then
      -- No stack is left for another coroutine.
      if not ok then return handler(err) end
      if rawequal(value, PENDING) or host.cancelled() then return value, co end
      close(co)
      ok, value = false, NO_YIELD
    end
    if ok then return value end
    err = value
  end
  return "error in error handling: " .. tostring(err)
end

local function end_handling(handler, co, wait, ok, first, ...)
  if ok or not co then return ok, first, ... end
  handled[co] = nil
  host.swap_wait(wait)
  local done, value = relay(co, true, first)
  if status(co) == "suspended" then
    close(co)
    done, value = false, NO_YIELD
  end
  if not done then value = handle(handler, nil, resume, value) end
  return false, value
end

-- A handler runs where the error is, on top of the stack that it may look at, and there Lua suspends nobody. So it runs in
-- a coroutine, and when it has to wait, it goes on in there once that stack is gone.
local raw_xpcall = xpcall
function xpcall(fn, handler, ...)
  if type(handler) ~= "function" then
    error(("bad argument #2 to 'xpcall' (function expected, got %s)"):format(handler == nil and "no value" or type(handler)), 2)
  end
  if not isyieldable() then return raw_xpcall(fn, handler, ...) end
  local co, wait
  local function on_error(err)
    local value
    value, co = handle(handler, running(), raw_resume, err)
    if co then wait = host.swap_wait() end
    return value
  end
  local results = pack(raw_xpcall(fn, on_error, ...))
  return end_handling(handler, co, wait, unpack(results, 1, results.n))
end

-- Of `debug` remains what only looks: the rest reaches into functions that are not the script's, or changes what kind
-- of thing C takes a value for.
local getinfo, traceback = debug.getinfo, debug.traceback
local kept = { traceback = true, getmetatable = true, getinfo = true }
for name in pairs(debug) do
  if not kept[name] then debug[name] = nil end
end

-- As C refuses its own functions, which those of the host are to scripts.
local dump = string.dump
function string.dump(fn, strip)
  if type(fn) ~= "function" then
    error(("bad argument #1 to 'dump' (function expected, got %s)"):format(fn == nil and "no value" or type(fn)), 2)
  end
  local owner = getinfo(fn, "S")
  if owner.what == "C" or owner.source == "=[runner]" then error("unable to dump given function", 2) end
  return (dump(fn, strip))
end

-- For a handler of xpcall, below its own stack there is that of the error: where the level is there that it means. Below
-- the error are `resume`, `handle` and `on_error`.
local function beyond_handler(level)
  local origin = handled[running()]
  if not origin or not level then return nil end
  local depth = 0
  while getinfo(depth + 3, "l") do depth = depth + 1 end
  if level > depth then return origin, level - depth + 2 end
  return nil, origin
end

function debug.traceback(message, level, ...)
  if type(message) == "thread" then return traceback(message, level, ...) end
  if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then return message end
  level = level or 1
  if not integer(level) then error(("bad argument #2 to 'traceback' (number expected, got %s)"):format(type(level)), 2) end
  -- A caller that ends with this call has left the stack, which it would not for C.
  if getinfo(1, "t").istailcall and level > 1 then level = level - 1 end
  local origin, beyond = beyond_handler(level)
  if origin then return traceback(origin, message, beyond) end
  local own = traceback(message, level + 1)
  return beyond and own .. traceback(beyond, nil, 3):gsub("^stack traceback:", "") or own
end

local function asked(ok, info)
  if ok then return info end
  if type(info) == "string" then info = info:gsub("^%[runner%]:%d+: ", ""):gsub("'%?'", "'getinfo'") end
  error(info, 2)
end

local function looked(ok, info)
  if ok and info and info.func then
    local owner = getinfo(info.func, "S")
    if owner.what == "C" or owner.source == "=[runner]" then info.func = nil end
  end
  return asked(ok, info)
end

-- Whoever has a function may ask about it. On the stack there are the host's as well, and C's: they are not given away.
function debug.getinfo(what, ...)
  if type(what) == "function" then return asked(pcall(getinfo, what, ...)) end
  local level = integer(what)
  if level and level > 1 and getinfo(1, "t").istailcall then level = level - 1 end
  local origin, beyond = beyond_handler(level)
  if origin then return looked(pcall(getinfo, origin, beyond, ...)) end
  -- Below the caller there are this function and `pcall`.
  return looked(pcall(getinfo, level and level > 0 and level + 2 or what, ...))
end
