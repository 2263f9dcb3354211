-- `state.with_lock` as scripts see it. The function runs in the coroutine of its caller, so that waiting, errors and
-- tracebacks are what they would be without the lock; a to-be-closed variable releases it on every way out.
local host = ...
local enter, select, type, setmetatable = state.with_lock, select, type, setmetatable
local scope = { __close = function(self) host.leave(self.number) end }

function state.with_lock(...)
  local number <close> = setmetatable({ number = enter(...) }, scope)
  local fn = select(2, ...)
  if type(fn) == "string" then fn = select(4, ...) end
  return fn()
end
