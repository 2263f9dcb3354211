-- Brings items of a load, which nobody sees yet. ARGV: time, id, how many words came before, then space, key,
-- created, updated, expires, form and data of each. Time, revision.
local staged = PREFIX .. "load:" .. ARGV[2]
-- What arrives twice is there already.
if redis.call("LLEN", staged) == tonumber(ARGV[3]) then
  for from = 4, #ARGV, CHUNK do
    redis.call("RPUSH", staged, unpack(ARGV, from, math.min(from + CHUNK - 1, #ARGV)))
  end
end
redis.call("PEXPIRE", staged, 600000)
return { now, revision }
