-- Puts a store that was made aside in the place of this one, in which nothing was ever written. ARGV: time, id, where it
-- is, what is answered. Time, revision, the answer.
local id, aside = ARGV[2], PREFIX .. ARGV[3]
local answer = answered(id)
if answer then return { now, revision, answer } end
if revision > 0 then return redis.error_reply("RUNNERWRITTEN") end
-- What is kept for a time may be gone before, and the parts that came after are no store.
local held = 0
for _, space in ipairs(SPACES) do held = held + redis.call("HLEN", aside .. space .. ":entries") end
if redis.call("EXISTS", aside .. "meta") == 0 or held ~= tonumber(ARGV[4]) then
  return redis.error_reply("RUNNERSTAGED incomplete")
end
for _, name in ipairs(lasting()) do
  if redis.call("EXISTS", aside .. name) == 1 then
    redis.call("RENAME", aside .. name, PREFIX .. name)
    redis.call("PERSIST", PREFIX .. name)
  end
end
meta = redis.call("HMGET", META, "format", "revision", "swept", "rotated", "identity")
identity, revision = meta[5], tonumber(meta[2])
finish(id, ARGV[4])
return { now, revision, ARGV[4] }
