-- Runs once in every VM, before any script, with what only the host knows. It makes Lua's own library wait for the
-- host where it must, and returns the function that turns a raised value into text.
local PENDING, host, error_metatable = ...

local raw_resume, raw_yield, raw_create = coroutine.resume, coroutine.yield, coroutine.create
local pack, unpack, select, type, error, pcall = table.pack, table.unpack, select, type, error, pcall
local status, close = coroutine.status, coroutine.close

-- A host function that waits yields PENDING. Inside a coroutine of the script's own that yield must go on to the
-- scheduler, which knows only the outermost coroutine; when it comes back the wait is over and the inner one goes on.
local function relay(co, ok, first, ...)
  if ok and rawequal(first, PENDING) then
    raw_yield(PENDING)
    return relay(co, raw_resume(co))
  end
  -- A coroutine that is cancelled while it computes yields nothing, and so must all that it was resumed by.
  if ok and first == nil and host.cancelled() then raw_yield() end
  return ok, first, ...
end

function coroutine.resume(co, ...)
  return relay(co, raw_resume(co, ...))
end

local function unwrap(co, ok, first, ...)
  if ok then return first, ... end
  if status(co) == "suspended" then close(co) end
  error(first, type(first) == "string" and 3 or 0)
end

function coroutine.wrap(fn)
  local co = raw_create(fn)
  return function(...)
    return unwrap(co, relay(co, raw_resume(co, ...)))
  end
end

-- Errors of the host: objects with `code` and `message` that read as their message wherever text is wanted.
local function text_of(value)
  return type(value) == "table" and getmetatable(value) == error_metatable and value.message or value
end
error_metatable.__name = "error"
error_metatable.__tostring = function(err) return err.message end
error_metatable.__concat = function(a, b) return text_of(a) .. text_of(b) end
error_metatable.__index = function(_, key)
  local method = string[key]
  return method and function(err, ...) return method(err.message, ...) end
end

-- Source text only: a crafted binary chunk can crash the VM.
local raw_load = load
function load(chunk, name, mode, ...)
  if mode ~= nil and type(mode) == "string" and not mode:find("t", 1, true) then
    return nil, "attempt to load a binary chunk (only text is allowed)"
  end
  return raw_load(chunk, name, "t", ...)
end

local function load_file(path, ...)
  local source, name = host.read_chunk(path)
  if not source then return nil, name end
  return raw_load(source, name, "t", ...)
end

function loadfile(path, _, ...)
  return load_file(path, ...)
end

function dofile(path)
  local chunk, problem = load_file(path)
  if not chunk then error(problem, 0) end
  return chunk()
end

package.loadlib, package.cpath, package.searchpath = nil, nil, nil
package.path = "?.lua;?/init.lua"
package.searchers = {
  package.searchers[1],
  function(name)
    local relative = name:gsub("%.", "/")
    local tried = {}
    for template in package.path:gmatch("[^;]+") do
      local path = template:gsub("%?", (relative:gsub("%%", "%%%%")))
      if host.exists(path) then
        local chunk, problem = load_file(path)
        if not chunk then error(problem, 0) end
        return chunk, path
      end
      tried[#tried + 1] = "\n\tno file '" .. path .. "'"
    end
    return table.concat(tried)
  end,
}

function print(...)
  local parts = pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  host.write(table.concat(parts, "\t", 1, parts.n) .. "\n")
end

-- The C version sees an invented machine; the host puts a real one in its place. The registry holds it too.
os, package.loaded.os = nil, nil
if not host.has_files then io, package.loaded.io = nil, nil end
debug.getregistry = nil
-- The hook of a coroutine is how a timeout reaches it.
debug.sethook = nil

-- What an uncaught error says: called by the host, protected, with whatever was raised.
return function(value)
  if type(value) == "table" and not (getmetatable(value) or {}).__tostring then return "error object is a table" end
  local ok, text = pcall(tostring, value)
  return ok and text or "an error object whose __tostring raises an error"
end
