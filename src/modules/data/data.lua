-- The functions of `data` that work on tables in place, and so cannot be the host's, which only sees copies.
local getmetatable, setmetatable, type, pairs, error = getmetatable, setmetatable, type, pairs, error
local null = json.null

local function expect(value, wanted, callee, argument, name)
  if type(value) ~= wanted then
    local message = "data.%s: argument %d (%s): expected a %s, got %s"
    error(message:format(callee, argument, name, wanted, value == nil and "nothing" or type(value)), 3)
  end
end

-- "a.b[2].c" as its keys; a list of keys stays what it is.
local function keys_of(path, callee)
  if type(path) == "table" then return path end
  if type(path) ~= "string" then
    error(("data.%s: argument 2 (path): expected a string or a list of keys"):format(callee), 3)
  end
  local keys = {}
  local rest = path
  while rest ~= "" do
    local index, after = rest:match("^%[(%-?%d+)%]%.?(.*)$")
    if index then
      keys[#keys + 1] = math.tointeger(index)
    else
      local name
      name, after = rest:match("^([^%.%[]+)%.?(.*)$")
      if not name then error(("data.%s: argument 2 (path): cannot read %q from %q"):format(callee, path, rest), 3) end
      keys[#keys + 1] = name
    end
    rest = after
  end
  return keys
end

function data.get_path(value, path, default)
  for _, key in ipairs(keys_of(path, "get_path")) do
    if type(value) ~= "table" then return default end
    local inner = value[key]
    -- "items.1" means the first item as well.
    if inner == nil and type(key) == "string" then inner = value[math.tointeger(key)] end
    value = inner
  end
  if value == nil then return default end
  return value
end

function data.set_path(value, path, new)
  expect(value, "table", "set_path", 1, "value")
  local keys = keys_of(path, "set_path")
  if #keys == 0 then error("data.set_path: argument 2 (path): expected at least one key", 2) end
  local at = value
  for i = 1, #keys - 1 do
    local inner = at[keys[i]]
    if type(inner) ~= "table" then
      inner = {}
      at[keys[i]] = inner
    end
    at = inner
  end
  at[keys[#keys]] = new
  return value
end

local function is_list(value)
  if type(value) ~= "table" then return false end
  local n = #value
  if n == 0 then return next(value) == nil and getmetatable(value) ~= nil end
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  return count == n
end

-- `above` has the tables that this one is in.
local function copy(value, above)
  if type(value) ~= "table" then return value end
  above = above or {}
  if above[value] then error("data.deep_merge: a table contains itself", 0) end
  above[value] = true
  local made = setmetatable({}, getmetatable(value))
  for key, inner in next, value do made[key] = copy(inner, above) end
  above[value] = nil
  return made
end

local function merge(into, from)
  for key, inner in next, from do
    local old = into[key]
    if type(old) == "table" and type(inner) == "table" and not is_list(inner) and not is_list(old) then
      merge(old, inner)
    else
      into[key] = copy(inner)
    end
  end
  return into
end

function data.deep_merge(first, ...)
  expect(first, "table", "deep_merge", 1, "first")
  local merged = copy(first)
  for i = 1, select("#", ...) do
    local other = select(i, ...)
    if other ~= nil and other ~= null then
      expect(other, "table", "deep_merge", i + 1, "others")
      if is_list(merged) or is_list(other) then merged = copy(other) else merge(merged, other) end
    end
  end
  return merged
end
data.merge = data.deep_merge
