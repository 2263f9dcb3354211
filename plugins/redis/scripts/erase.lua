-- Removes the store with all that belongs to it. ARGV: time. Time, revision.
for _, member in ipairs(redis.call("ZRANGE", PREFIX .. "snapshots", 0, -1)) do
  local snapshot = PREFIX .. "snapshot:" .. string.match(member, "^%S+")
  redis.call("DEL", snapshot, snapshot .. ":keys")
end
for _, name in ipairs(lasting()) do redis.call("DEL", PREFIX .. name) end
redis.call("DEL", PREFIX .. "snapshots", PREFIX .. "turn")
return { now, revision }
