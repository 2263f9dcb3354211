-- `params` changes with the task that looks at it, so that it is a view and holds nothing itself.
local host = ...
local params, next, tostring = package.loaded.params, next, tostring

setmetatable(params, {
  __index = function(_, name) return host.get(name) end,
  __newindex = function(_, name)
    host.raise("bad_argument", "Cannot set params." .. tostring(name) .. ": params are what the task was given. Use a local variable.")
  end,
  -- For other functions, such as json.encode, which see what a table holds and not what it stands for.
  __call = function() return host.all() end,
  __pairs = function() return next, host.all() end,
  __metatable = false,
})
