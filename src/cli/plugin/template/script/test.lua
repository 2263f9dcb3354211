-- Run by: runner plugin check plugins/NAME
-- It has a state and a home of its own, which are gone when it has ended.
local first = NAME.hello("you")
assert(first.text == "Hello, you!", first.text)
assert(NAME.hello("you").count == 2)

-- What the arguments must be is checked for you.
local ok, err = pcall(NAME.hello, 5)
assert(not ok and err.code == "bad_argument", err)
