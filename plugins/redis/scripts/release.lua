-- Ends a snapshot. ARGV: time, id, revision, space.
redis.call("ZREM", PREFIX .. "snapshots", ARGV[2] .. " " .. ARGV[3] .. " " .. ARGV[4])
redis.call("DEL", PREFIX .. "snapshot:" .. ARGV[2], PREFIX .. "snapshot:" .. ARGV[2] .. ":keys")
return { now, revision }
