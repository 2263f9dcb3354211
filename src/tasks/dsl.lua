-- The words with which a file declares tasks. Every declaration becomes a plain table of options in `declared`;
-- what they mean, and which are wrong, is decided by the host when the file has run.
local host = ...
local declared = {}

local function declare(options)
  declared[#declared + 1] = { options = options, at = host.caller() }
  return options
end

-- task("name"):command(fn):depends_on("other") sets one option a call; :build() ends it and may be left out.
local Builder = {}

local function depends_on(self, first, ...)
  self.options.depends_on = select("#", ...) > 0 and { first, ... } or first
  return self
end

function Builder.__index(self, name)
  if name == "build" then return function() return self end end
  if name == "depends_on" then return depends_on end
  return function(_, value)
    self.options[name] = value
    return self
  end
end

function task(first, ...)
  if type(first) == "string" then
    local options = { name = first }
    if type((...)) == "table" then for key, value in pairs(...) do options[key] = value end end
    return setmetatable({ options = declare(options) }, Builder)
  end
  if type(first) ~= "table" then
    error('task: argument 1: expected a name or a table of options, got ' .. type(first), 2)
  end
  return declare(first)
end

return function() return declared end
