-- ARGV: time, then space and key of each entry. Time, revision, what is stored of each; "" for what is not there.
local found = {}
for at = 2, #ARGV, 2 do
  local raw, rev = look(ARGV[at], ARGV[at + 1])
  found[#found + 1] = rev and raw or ""
end
return { now, revision, found }
