-- Forgets what was staged for a load that will not be. ARGV: time, id. Time, revision.
redis.call("DEL", PREFIX .. "load:" .. ARGV[2])
return { now, revision }
