-- A part of the plugin: files beside the index are its own.
local M = {}

function M.greet(greeting, who)
  return greeting .. ", " .. who .. "!"
end

return M
