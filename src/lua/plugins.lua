-- Plugins written in Lua: each is a table that its file returns, made when a script first touches it. A plugin that does
-- not work raises why, each time, wherever it is used.
local host = ...
local next, load, pcall, error, type, tostring = next, load, pcall, error, type, tostring
local setmetatable = setmetatable
local globals, loaded, preload = _G, package.loaded, package.preload

local function make(name)
  local source, called = host.source(name)
  local chunk, problem = load(source, "@" .. called, "t")
  if not chunk then error(host.describe(name, problem), 0) end
  local ok, result = pcall(chunk, name)
  if not ok then error(host.describe(name, tostring(result)), 0) end
  if type(result) ~= "table" then
    error(host.describe(name, "it returned " .. type(result) .. ", and a plugin returns a table"), 0)
  end
  return result
end

local function define(name, get)
  local module = {}
  -- Whoever asks for it by `require` wants it now, or to know why it is not to be had.
  globals[name], preload[name] = module, get
  setmetatable(module, {
    __index = function(_, key) return get()[key] end,
    __newindex = function(_, key, value) get()[key] = value end,
    __pairs = function() return next, get() end,
    __len = function() return #get() end,
    __call = function(_, ...) return get()(...) end,
  })
  return module
end

for name in host.names():gmatch("%S+") do
  local made, making
  local module
  module = define(name, function()
    if made == nil then
      if making then error(host.describe(name, "it is used while it loads: plugins use each other in a circle"), 0) end
      making = true
      local ok, result = pcall(make, name)
      making = false
      if not ok then error(result, 0) end
      made = result
      -- From now on it is the plugin's own table, unless a script has given the name another meaning.
      if globals[name] == module then globals[name] = made end
      loaded[name] = made
    end
    return made
  end)
end

for name in host.broken():gmatch("%S+") do
  define(name, function() error(host.describe(name), 0) end)
end
