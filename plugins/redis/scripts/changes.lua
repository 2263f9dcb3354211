-- ARGV: time, revision, key or "", prefix, limit. Time, revision, compacted, key, revision and record in turn, and
-- the place to go on from: "" at the end.
local from = "[" .. padded(tonumber(ARGV[2]) + 1)
-- What has this key and revision has a NUL and a time behind it.
if ARGV[3] ~= "" then from = "(" .. padded(tonumber(ARGV[2])) .. ARGV[3] .. "\0\255" end
if ARGV[6] ~= "" then from = "(" .. ARGV[6] end
local prefix, limit = ARGV[4], tonumber(ARGV[5])
local members = redis.call("ZRANGEBYLEX", FEED, from, "+", "LIMIT", 0, limit)
local fields = {}
for _, member in ipairs(members) do
  local field = string.sub(member, 1, string.find(member, "\0", 17, true) - 1)
  if string.sub(field, 17, 16 + #prefix) == prefix then fields[#fields + 1] = field end
end
local records = each("HMGET", RECORDS, fields)
local flat = {}
for place, field in ipairs(fields) do
  flat[#flat + 1] = string.sub(field, 17)
  flat[#flat + 1] = tonumber(string.sub(field, 1, 16))
  flat[#flat + 1] = records[place]
end
local compacted = tonumber(redis.call("HGET", META, "compacted") or 0)
return { now, revision, compacted, flat, #members == limit and members[limit] or "" }
