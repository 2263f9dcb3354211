-- What writes. A script that commits calls `begin` before and `finish` after its puts and drops.
local snapshots
local by
-- How many more entries there are of each type.
local counted = {}

-- The answer that an earlier attempt at the same commit was given; nil when it has not landed.
local function answered(id)
  return redis.call("HGET", COMMITS, id) or redis.call("HGET", COMMITS .. ":old", id) or nil
end

local function begin(writer, above)
  revision = math.max(revision, above or 0) + 1
  by = writer
  snapshots = redis.call("ZRANGE", PREFIX .. "snapshots", 0, -1)
  if #snapshots > 0 and redis.call("ZREMRANGEBYSCORE", PREFIX .. "snapshots", "-inf", int(clock)) > 0 then
    snapshots = redis.call("ZRANGE", PREFIX .. "snapshots", 0, -1)
  end
end

-- Makes a commit known: to those who wait, and to whoever asks again since he got no answer.
local function finish(id, answer, touched)
  -- Other stores at this place had other first commits.
  if identity == "" then identity = id end
  redis.call("HSET", META, "format", FORMAT, "revision", int(revision), "identity", identity)
  for kind, change in pairs(counted) do redis.call("HINCRBY", PREFIX .. "types", kind, change) end
  if not meta[3] then redis.call("HSET", META, "swept", int(now)) end
  local rotated = tonumber(meta[4] or 0)
  if math.abs(clock - rotated) > SETTLED_FOR then
    redis.call("DEL", COMMITS .. ":old")
    if redis.call("EXISTS", COMMITS) == 1 then redis.call("RENAME", COMMITS, COMMITS .. ":old") end
    redis.call("HSET", META, "rotated", int(clock))
  end
  redis.call("HSET", COMMITS, id, answer)
  -- Users may be forbidden to publish: then those who wait notice later.
  redis.pcall("PUBLISH", PREFIX .. "committed", int(revision) .. "\0" .. (touched or "*"))
end

-- Keeps what is about to go for those who still read a snapshot with it.
local function preserve(space, name, raw)
  for _, member in ipairs(snapshots) do
    local id, taken, of = string.match(member, "^(%S+) (%S+) (%S+)$")
    if of == space and tonumber((head(raw))) <= tonumber(taken) then
      local kept = PREFIX .. "snapshot:" .. id
      if redis.call("HSETNX", kept, name, raw) == 1 then
        redis.call("ZADD", kept .. ":keys", 0, name)
        redis.call("PEXPIRE", kept, 2 * SNAPSHOT_FOR)
        redis.call("PEXPIRE", kept .. ":keys", 2 * SNAPSHOT_FOR)
      end
    end
  end
end

local function count(form, change)
  local kind = string.match(form, "^%a+")
  counted[kind] = (counted[kind] or 0) + change
end

local function record(name, kind, expires, form, data)
  local place = padded(revision)
  local field = place .. name
  local line = table.concat({ kind, int(now), expires, form, by }, " ")
  redis.call("HSET", RECORDS, field, line .. "\n" .. data)
  redis.call("ZADD", FEED, 0, field .. "\0" .. padded(now))
  redis.call("ZADD", VERSIONS, 0, name .. "\0" .. place .. padded(now) .. string.format("%x", #data))
end

-- `old`: what is stored there, dead or alive; false when nothing is.
local function put(space, name, old, new)
  local _, before, form
  if old then
    preserve(space, name, old)
    _, _, before, form = head(old)
  else
    redis.call("ZADD", keys(space), 0, name)
  end
  local value = new.form .. "\n" .. new.data
  local times = int(revision) .. " " .. new.created .. " " .. new.updated .. " " .. new.expires .. " "
  redis.call("HSET", entries(space), name, times .. value)
  if new.expires ~= "-" then redis.call("ZADD", expiry(space), new.expires, name)
  elseif before and before ~= "-" then redis.call("ZREM", expiry(space), name) end
  if space ~= "data" then return end
  if form ~= new.form then
    if form then count(form, -1) end
    count(new.form, 1)
  end
  record(name, "put", new.expires, new.form, new.data)
end

local function drop(space, name, old, kind)
  preserve(space, name, old)
  local _, _, expires, form = head(old)
  redis.call("HDEL", entries(space), name)
  redis.call("ZREM", keys(space), name)
  if expires ~= "-" then redis.call("ZREM", expiry(space), name) end
  if space ~= "data" then return end
  count(form, -1)
  record(name, kind, "-", "-", "")
end

-- Revision, time and size of a member of `versions`.
local function version(member)
  local nul = string.find(member, "\0", 1, true)
  local rev, at = string.sub(member, nul + 1, nul + 16), string.sub(member, nul + 17, nul + 32)
  return rev, at, tonumber(string.sub(member, nul + 33), 16)
end

local function versions(name, command, limit)
  local from, to = "[" .. name .. "\0", "(" .. name .. "\1"
  if command == "ZREVRANGEBYLEX" then from, to = to, from end
  return redis.call(command, VERSIONS, from, to, "LIMIT", 0, limit)
end

local function forget(name, member)
  local rev, at = version(member)
  redis.call("HDEL", RECORDS, rev .. name)
  redis.call("ZREM", FEED, rev .. name .. "\0" .. at)
  redis.call("ZREM", VERSIONS, member)
  return tonumber(rev)
end

local function purge(name)
  local found = versions(name, "ZRANGEBYLEX", -1)
  for _, member in ipairs(found) do forget(name, member) end
  return #found
end

local function compact(upTo)
  local compacted = tonumber(redis.call("HGET", META, "compacted") or 0)
  if upTo > compacted then redis.call("HSET", META, "compacted", int(upTo)) end
end

-- Drops what the history of a key has too much of, at most `batch` versions. `keep` "" is all there are.
local function prune(name, retention)
  local keep, maxAge, bytes, minAge, batch = unpack(retention)
  local oldest = versions(name, "ZRANGEBYLEX", batch)
  if #oldest == 0 then return end
  local _, first = version(oldest[1])
  if now - tonumber(first) <= minAge then return end
  local newest = versions(name, "ZREVRANGEBYLEX", keep)
  local sum, last = 0, nil
  for place, member in ipairs(newest) do
    local rev, at, size = version(member)
    sum = sum + size
    local age = now - tonumber(at)
    if (sum > bytes or age > maxAge) and age > minAge then last = rev break end
  end
  if not last and #newest < keep then return end
  local kept = newest[#newest] and version(newest[#newest]) or padded(revision + 1)
  local dropped = 0
  for _, member in ipairs(oldest) do
    local rev, at = version(member)
    local tooMuch = last and rev <= last or not last and rev < kept
    if not tooMuch or now - tonumber(at) <= minAge then break end
    dropped = forget(name, member)
  end
  compact(dropped)
end

-- "keep maxAge bytes minAge batch" as numbers; nil for "".
local function retentionOf(text)
  if text == "" then return nil end
  local numbers = {}
  for word in string.gmatch(text, "%S+") do numbers[#numbers + 1] = tonumber(word) end
  return numbers
end
