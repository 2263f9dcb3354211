-- The host sees what a table holds; how it wants to be read, only Lua knows.
local log, type, getmetatable, tostring, next = package.loaded.log, type, getmetatable, tostring, next

local function readable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and meta.__tostring and tostring(value) or value
end

local function with_readable(fields)
  local copy
  for name, value in next, fields do
    local text = readable(value)
    if text ~= value then
      if not copy then
        copy = {}
        for each, kept in next, fields do copy[each] = kept end
      end
      copy[name] = text
    end
  end
  return copy or fields
end

for _, level in ipairs({ "debug", "info", "warn", "error" }) do
  local emit = log[level]
  log[level] = function(message, fields)
    return emit(readable(message), type(fields) == "table" and with_readable(fields) or fields)
  end
end
