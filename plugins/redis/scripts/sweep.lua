-- ARGV: time, id, writer, limit, how to prune or "", "1" for only if it is due.
-- Time, revision, how many were reclaimed.
local answer = answered(ARGV[2])
if answer then return { now, revision, tonumber(answer) } end
local isDue = not meta[3] or math.abs(now - tonumber(meta[3])) >= SWEEP_EVERY
if ARGV[6] == "1" and not isDue then return { now, revision, 0 } end
local limit = tonumber(ARGV[4])
local before, swept = revision, 0
begin(ARGV[3])
for _, space in ipairs({ "data", "lock", "run", "once" }) do
  local names = redis.call("ZRANGEBYSCORE", expiry(space), "-inf", int(now), "LIMIT", 0, limit - swept)
  for _, name in ipairs(names) do drop(space, name, redis.call("HGET", entries(space), name), "expire") end
  swept = swept + #names
end
if swept > 0 then finish(ARGV[2], int(swept)) else revision = before end

local retention = retentionOf(ARGV[5])
if retention then
  local limit, last = math.max(retention[2], retention[4]), 0
  for _, member in ipairs(redis.call("ZRANGE", FEED, 0, CHUNK - 1)) do
    local nul = string.find(member, "\0", 17, true)
    if now - tonumber(string.sub(member, nul + 1)) <= limit then break end
    local name, rev = string.sub(member, 17, nul - 1), string.sub(member, 1, 16)
    local from = "[" .. name .. "\0" .. rev
    forget(name, redis.call("ZRANGEBYLEX", VERSIONS, from, from .. "\255", "LIMIT", 0, 1)[1])
    last = tonumber(rev)
  end
  compact(last)
  local all = redis.call("ZCARD", FEED)
  -- Every script begins with the same chances.
  math.randomseed(clock % 2147483647)
  for _ = 1, all > 0 and 16 or 0 do
    local place = math.random(all) - 1
    local member = redis.call("ZRANGE", FEED, place, place)[1]
    if member then prune(string.sub(member, 17, string.find(member, "\0", 17, true) - 1), retention) end
  end
end
if redis.call("EXISTS", META) == 1 then redis.call("HSET", META, "swept", int(now)) end
return { now, revision, swept }
