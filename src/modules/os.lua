-- The host sees a copy of a table; this makes its fields what they are in the calendar, as in C.
local os, type, next = package.loaded.os, type, next
local time, date = os.time, os.date

function os.time(fields)
  local seconds = time(fields)
  if type(fields) == "table" then
    for name, value in next, date("*t", seconds) do fields[name] = value end
  end
  return seconds
end
