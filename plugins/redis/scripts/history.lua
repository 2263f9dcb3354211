-- ARGV: time, key, the revision to stay below or "", limit. Time, revision, and revision and record in turn.
local name = ARGV[2]
local to = ARGV[3] == "" and "(" .. name .. "\1" or "(" .. name .. "\0" .. padded(tonumber(ARGV[3]))
local fields = {}
for _, member in ipairs(redis.call("ZREVRANGEBYLEX", VERSIONS, to, "[" .. name .. "\0", "LIMIT", 0, ARGV[4])) do
  fields[#fields + 1] = string.sub(member, #name + 2, #name + 17) .. name
end
local records = each("HMGET", RECORDS, fields)
local flat = {}
for place, field in ipairs(fields) do
  flat[#flat + 1] = tonumber(string.sub(field, 1, 16))
  flat[#flat + 1] = records[place]
end
return { now, revision, flat }
