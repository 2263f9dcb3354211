-- One page of a snapshot. ARGV: time, id, space, prefix, after, its revision and time ("" to begin), most entries
-- and bytes. Time, revision, the last key looked at ("" at the end), what there is by now and what was kept: key
-- and entry in turn.
local id, space, prefix, after = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local limit, bytes = tonumber(ARGV[8]), tonumber(ARGV[9])
local taken, moment = revision, now
if ARGV[6] ~= "" then taken, moment = tonumber(ARGV[6]), tonumber(ARGV[7]) end
local all, member = PREFIX .. "snapshots", id .. " " .. int(taken) .. " " .. space
if ARGV[6] ~= "" and not redis.call("ZSCORE", all, member) then return redis.error_reply("RUNNERSNAPSHOT gone") end
redis.call("ZADD", all, int(clock + SNAPSHOT_FOR), member)

local function isLive(raw)
  local rev, _, expires = head(raw)
  return tonumber(rev) <= taken and (expires == "-" or tonumber(expires) > moment)
end

local from, to = range(prefix, after)
local names = redis.call("ZRANGEBYLEX", keys(space), from, to, "LIMIT", 0, limit)
local live, kept, size, last = {}, {}, 0, ""
for place, name in ipairs(names) do
  local raw = redis.call("HGET", entries(space), name)
  if isLive(raw) then
    live[#live + 1] = name
    live[#live + 1] = raw
    size = size + #raw
  end
  if place == limit or size > bytes then last = name break end
end
if last ~= "" then to = "[" .. last end
local store = PREFIX .. "snapshot:" .. id
for _, name in ipairs(redis.call("ZRANGEBYLEX", store .. ":keys", from, to)) do
  local raw = redis.call("HGET", store, name)
  if isLive(raw) then
    kept[#kept + 1] = name
    kept[#kept + 1] = raw
  end
end
return { now, taken, last, live, kept }
