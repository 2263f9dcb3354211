-- In task files: NAME.hello("you"), or local NAME = require("NAME")
local Text = import("text.lua")

local M = {}

--- Greets somebody; the greeting and how many there have been.
function M.hello(who)
  return Text.greet("Hello", who), state.increment("NAME:count")
end

return M
