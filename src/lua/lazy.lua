-- Modules come into being when they are first touched: a script pays for what it uses. Until then each is an empty table
-- that fills itself.
local host = ...
local next, rawget, rawset, setmetatable, type = next, rawget, rawset, setmetatable, type
local globals, loaded, raw_io = _G, package.loaded, io

-- Names that come together.
local GROUPS = { state = { "state", "State" }, State = { "state", "State" } }
local modules = {}

local function fill(name)
  local group = GROUPS[name] or { name }
  local theirs = {}
  for _, each in ipairs(group) do
    local module = modules[each]
    setmetatable(module, nil)
    theirs[each] = rawget(globals, each)
    if each ~= "io" then host.register(each) end
    -- `values` holds what was given and nothing else, so that it can be walked and encoded.
    local functions = each == "values" and {}
    for key, value in next, each == "io" and raw_io or loaded[each] do
      rawset(functions and type(value) == "function" and functions or module, key, value)
    end
    if functions then setmetatable(module, { __index = functions }) end
    globals[each], loaded[each] = module, module
  end
  host.complete(name)
  -- A script may have given the name another meaning by then.
  for each, value in next, theirs do globals[each] = value end
end

for name in host.names():gmatch("%S+") do
  local module = {}
  modules[name], globals[name], loaded[name] = module, module, module
  setmetatable(module, {
    __index = function(_, key)
      fill(name)
      return module[key]
    end,
    __newindex = function(_, key, value)
      fill(name)
      module[key] = value
    end,
    __pairs = function()
      fill(name)
      return next, module
    end,
  })
end

-- What walks a table without its metatable must find it full.
for name in host.full():gmatch("%S+") do fill(name) end

-- Both are replaced by what they wait for.
function import(...)
  fill("io")
  return import(...)
end

function cmd(...)
  host.register("cmd")
  loaded.cmd = cmd
  return cmd(...)
end
loaded.cmd = cmd
