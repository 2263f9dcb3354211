-- Runs once in every VM, before any script, with what only the host knows. It makes Lua's own library wait for the
-- host where it must, and returns the function that turns a raised value into text.
local PENDING, host, error_metatable, handling = ...

local raw_resume, raw_yield, raw_create = coroutine.resume, coroutine.yield, coroutine.create
local pack, unpack, select, type, error, pcall = table.pack, table.unpack, select, type, error, pcall
local status, close, isyieldable = coroutine.status, coroutine.close, coroutine.isyieldable
local running, setmetatable = coroutine.running, setmetatable
local sort, concat = table.sort, table.concat
-- What a script does to its globals must not keep the host from saying what went wrong.
local getmetatable, tostring, rawget, next, ipairs, math_type = getmetatable, tostring, rawget, next, ipairs, math.type
local package = package

-- Lua's own seed is made of an address and the time, which are the same in every process here.
math.randomseed(host.seed, host.more_seed)

-- A host function that waits yields PENDING. Inside a coroutine of the script's own that yield must go on to the
-- scheduler, which knows only the outermost coroutine; when it comes back the wait is over and the inner one goes on.
local function relay(co, ok, first, ...)
  if ok and rawequal(first, PENDING) then
    raw_yield(PENDING)
    return relay(co, raw_resume(co))
  end
  -- A coroutine that pauses, or is cancelled while it computes, yields nothing, and so must all that it was resumed by.
  if ok and first == nil and host.leaves() then
    raw_yield()
    return relay(co, raw_resume(co))
  end
  return ok, first, ...
end

local function leave(...)
  host.enclose(-1)
  return ...
end

-- What C would complain of in the host's own call of it.
local function expect(wanted, callee, argument, value)
  if type(value) == wanted then return end
  local message = "bad argument #%d to '%s' (%s expected, got %s)"
  error(message:format(argument, callee, wanted, value == nil and "no value" or type(value)), 3)
end

-- Where Lua cannot suspend the caller, what it resumes cannot wait either: the host has to know.
local function resume(co, ...)
  expect("thread", "resume", 1, co)
  if isyieldable() then return relay(co, raw_resume(co, ...)) end
  host.enclose(1)
  return relay(co, leave(raw_resume(co, ...)))
end

coroutine.resume = resume

-- The script's own coroutines. The scheduler's are to a script what the main thread is in Lua's own shell.
local own = setmetatable({}, { __mode = "k" })

local function create(fn)
  local co = raw_create(fn)
  own[co] = true
  return co
end

local function unwrap(co, ok, first, ...)
  if ok then return first, ... end
  if status(co) == "suspended" then close(co) end
  error(first, type(first) == "string" and 3 or 0)
end

function coroutine.wrap(fn)
  expect("function", "wrap", 1, fn)
  local co = create(fn)
  return function(...)
    return unwrap(co, resume(co, ...))
  end
end

local setupvalue = debug.setupvalue
handling(host, PENDING, raw_resume, relay, resume, create)

function coroutine.create(fn)
  expect("function", "create", 1, fn)
  return create(fn)
end

function coroutine.yield(...)
  if own[running()] then return raw_yield(...) end
  error("attempt to yield from outside a coroutine", 0)
end

function coroutine.isyieldable(...)
  local co = ...
  if co == nil then co = running() end
  return isyieldable(...) and own[co] == true
end

function coroutine.running()
  local co = running()
  return co, not own[co]
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

local function text_of_reader(reader)
  local pieces = {}
  while true do
    local piece = reader()
    if piece == nil or piece == "" then return concat(pieces) end
    if type(piece) ~= "string" then error("reader function must return a string", 0) end
    pieces[#pieces + 1] = piece
  end
end

-- Source text only: a crafted binary chunk can crash the VM. The library's own `load` is kept nowhere.
local compile = host.compile
local function load_text(source, name, mode, ...)
  if type(mode) == "number" then mode = tostring(mode) end
  if type(mode) == "string" and not mode:find("t", 1, true) then
    if source:find("^\27") then return nil, "attempt to load a binary chunk (only text is allowed)" end
    return nil, ("attempt to load a text chunk (mode is '%s')"):format(mode)
  end
  local fn, problem = compile(source, name)
  if fn and select("#", ...) > 0 then setupvalue(fn, 1, (...)) end
  return fn, problem
end

function load(chunk, name, mode, ...)
  if type(chunk) == "number" then chunk = tostring(chunk) end
  if name ~= nil and type(name) ~= "number" then expect("string", "load", 2, name) end
  if mode ~= nil and type(mode) ~= "number" then expect("string", "load", 3, mode) end
  if type(chunk) == "function" then
    local ok, text = pcall(text_of_reader, chunk)
    if not ok then return nil, text end
    return load_text(text, name or "=(load)", mode, ...)
  end
  if type(chunk) ~= "string" then expect("function", "load", 1, chunk) end
  return load_text(chunk, name or chunk, mode, ...)
end

local function load_file(callee, path, mode, ...)
  local source, name = host.read_chunk(path, callee)
  if not source then return nil, name end
  return load_text(source, name, mode, ...)
end

function loadfile(path, mode, ...)
  if mode ~= nil and type(mode) ~= "number" then expect("string", "loadfile", 2, mode) end
  return load_file("loadfile", path, mode, ...)
end

function dofile(path)
  local chunk, problem = load_file("dofile", path)
  if not chunk then error(problem, 0) end
  return chunk()
end

local loaded = package.loaded
package.loadlib, package.cpath = nil, nil
package.path = "?.lua;?/init.lua"

function package.searchpath(name, templates, sep, rep)
  expect("string", "searchpath", 1, name)
  expect("string", "searchpath", 2, templates)
  local function replace(text, what, by) return (text:gsub((what:gsub("%p", "%%%0")), (by:gsub("%%", "%%%%")))) end
  if sep ~= "" then name = replace(name, sep or ".", rep or "/") end
  local tried = {}
  for template in templates:gmatch("[^;]+") do
    local path = replace(template, "?", name)
    if host.exists(path) then return path end
    tried[#tried + 1] = "no file '" .. path .. "'"
  end
  return nil, concat(tried, "\n\t")
end

local searchpath = package.searchpath
package.searchers = {
  package.searchers[1],
  function(name)
    if type(package.path) ~= "string" then error("'package.path' must be a string", 0) end
    local path, tried = searchpath(name, package.path)
    if not path then return tried end
    local chunk, problem = load_file("require", path)
    if not chunk then error(problem, 0) end
    return chunk, path
  end,
}

-- What each coroutine is loading: modules that need each other would load each other without end.
local requiring = setmetatable({}, { __mode = "k" })
local Requiring = {
  __close = function(self)
    self.names[self.name] = nil
    host.end_require(self.name)
  end,
}

local function begin_require(name)
  local co = running()
  local names = requiring[co] or {}
  requiring[co] = names
  if names[name] then host.refuse_circle(name) end
  host.begin_require(name)
  names[name] = true
  return setmetatable({ names = names, name = name }, Requiring)
end

-- As in C (loadlib.c), but a module that waits while it is loaded can do so.
function require(name)
  if type(name) == "number" then name = tostring(name) end
  expect("string", "require", 1, name)
  while not loaded[name] and host.is_requiring(name) do host.await_require(name) end
  if loaded[name] then return loaded[name] end
  local searchers, tried = package.searchers, {}
  if type(searchers) ~= "table" then error("'package.searchers' must be a table", 2) end
  local mine <close> = begin_require(name)
  for _, searcher in ipairs(searchers) do
    local loader, where = searcher(name)
    if type(loader) == "function" then
      local value = loader(name, where)
      if value ~= nil then loaded[name] = value
      elseif loaded[name] == nil then loaded[name] = true end
      return loaded[name], where
    end
    if type(loader) == "string" then tried[#tried + 1] = "\n\t" .. loader end
  end
  error(("module '%s' not found:%s"):format(name, concat(tried)), 2)
end

function print(...)
  local parts = pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  host.write(concat(parts, "\t", 1, parts.n) .. "\n")
end

-- The C version sees an invented machine; the host puts a real one in its place. The registry holds it too.
os, package.loaded.os = nil, nil
if not host.has_files then io, package.loaded.io = nil, nil end

-- A table that was raised, on one line: its message, and its fields by name.
local function describe_table(value)
  local message, fields = rawget(value, "message"), {}
  if type(message) ~= "string" then message = nil end
  for key, field in next, value do
    if #fields == 1000 then break end
    local kind = type(field)
    local shown = kind == "string" and ("%q"):format(field):gsub("\\\n", "\\n") or kind == "table" and "{…}" or tostring(field)
    if kind == "function" or kind == "userdata" or kind == "thread" then shown = "a " .. kind end
    if type(key) == "string" and not (key == "message" and message) then fields[#fields + 1] = key .. " = " .. shown end
    if math_type(key) == "integer" then fields[#fields + 1] = "[" .. key .. "] = " .. shown end
  end
  sort(fields)
  if #fields > 8 then fields = { concat(fields, ", ", 1, 8), "…" } end
  local list = "{ " .. concat(fields, ", ") .. " }"
  if not message then return #fields == 0 and "an empty table was raised" or "a table was raised: " .. list end
  return #fields == 0 and message or message .. " " .. list
end

-- What an uncaught error says: called by the host, protected, with whatever was raised.
return function(value)
  if value == nil then return "an error without a message" end
  local metatable = getmetatable(value)
  if type(value) == "table" and not (type(metatable) == "table" and metatable.__tostring) then return describe_table(value) end
  local ok, text = pcall(tostring, value)
  return ok and text or "an error object whose __tostring raises an error"
end
