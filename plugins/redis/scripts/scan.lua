-- ARGV: time, space, prefix, after, limit, the bytes that values may have, or "" for none of them.
-- Time, revision, key and entry in turn, and where to go on if there is no room for more, else "".
local names, raws, last = page(ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]))
return { now, revision, pairsOf(names, raws, ARGV[6] ~= ""), last }
