-- Run by: runner plugin check plugins/NAME
-- It has a state and a home of its own, which are gone when it has ended.
local text, count = NAME.hello("you")
assert(text == "Hello, you!", text)
assert(count == 1)
assert(select(2, NAME.hello("you")) == 2)
