-- Time, revision, type and count in turn, those of expired entries, number of records.
local expired = {}
local names = redis.call("ZRANGEBYSCORE", expiry("data"), "-inf", int(now))
for _, raw in ipairs(each("HMGET", entries("data"), names)) do
  local _, _, _, form = head(raw)
  local kind = string.match(form, "^%a+")
  expired[kind] = (expired[kind] or 0) + 1
end
local flat = {}
for kind, number in pairs(expired) do
  flat[#flat + 1] = kind
  flat[#flat + 1] = number
end
return { now, revision, redis.call("HGETALL", PREFIX .. "types"), flat, redis.call("HLEN", RECORDS) }
