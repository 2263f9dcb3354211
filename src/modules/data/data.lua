-- The functions of `data` that work on tables in place, and so cannot be the host's, which only sees copies.
local host = ...
local getmetatable, setmetatable, type, pairs = getmetatable, setmetatable, type, pairs
local null = json.null

local function refuse(callee, argument, name, problem)
  host.raise("bad_argument", ("data.%s: argument %d (%s): %s"):format(callee, argument, name, problem))
end

local function expect(value, wanted, callee, argument, name)
  if type(value) == wanted then return end
  refuse(callee, argument, name, ("expected a %s, got %s"):format(wanted, value == nil and "nothing" or type(value)))
end

-- "a.b[2].c" as its keys; a list of keys stays what it is.
local function keys_of(path, callee)
  if type(path) == "table" then return path end
  if type(path) ~= "string" then
    refuse(callee, 2, "path", "expected a string or a list of keys, got " .. (path == nil and "nothing" or type(path)))
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
      if not name then refuse(callee, 2, "path", ("cannot read %q from %q"):format(path, rest)) end
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
  if #keys == 0 then refuse("set_path", 2, "path", "expected at least one key") end
  local at = value
  for i = 1, #keys do
    local key = keys[i]
    if key == nil or key ~= key then refuse("set_path", 2, "path", ("key %d is %s"):format(i, key == nil and "nothing" or "no number")) end
  end
  for i = 1, #keys - 1 do
    local inner = at[keys[i]]
    if type(inner) ~= "table" then
      if inner ~= nil and inner ~= null then
        local message = "Cannot set a field of %q: it is a %s, not a table. Remove it before."
        host.raise("bad_value", message:format(tostring(keys[i]), type(inner)))
      end
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

-- What contains itself has no bottom, either.
local DEEPEST = 1000

local function check_depth(depth)
  if depth > DEEPEST then host.raise("bad_value", ("data.deep_merge: a table contains itself or is nested more than %d deep"):format(DEEPEST)) end
end

local function copy(value, depth)
  if type(value) ~= "table" then return value end
  check_depth(depth)
  local made = setmetatable({}, getmetatable(value))
  for key, inner in next, value do made[key] = copy(inner, depth + 1) end
  return made
end

local function merge(into, from, depth)
  check_depth(depth)
  for key, inner in next, from do
    local old = into[key]
    if type(old) == "table" and type(inner) == "table" and not is_list(inner) and not is_list(old) then
      merge(old, inner, depth + 1)
    else
      into[key] = copy(inner, depth + 1)
    end
  end
  return into
end

function data.deep_merge(first, ...)
  expect(first, "table", "deep_merge", 1, "first")
  local merged = copy(first, 1)
  for i = 1, select("#", ...) do
    local other = select(i, ...)
    if other ~= nil and other ~= null then
      expect(other, "table", "deep_merge", i + 1, "others")
      if is_list(merged) or is_list(other) then merged = copy(other, 1) else merge(merged, other, 1) end
    end
  end
  return merged
end
data.merge = data.deep_merge
