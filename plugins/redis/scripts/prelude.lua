-- What all scripts share. KEYS[1] is "<prefix>meta"; all other keys have the same prefix and with it the same hash
-- tag. ARGV[1] is the time in ms since the epoch, or "" for the server's own, then a space and the identity of the
-- store that the caller has seen, "" for none: whoever has seen none is told it, as the last of the answer.
--
-- meta                 hash: format, revision, compacted, swept, rotated, and its identity, made by the first commit
-- <space>:entries      hash: key → "revision created updated expires form\n" and the data
-- <space>:keys         sorted set: the keys in byte order
-- <space>:expiry       sorted set: the keys that expire, by their time
-- types                hash: type → number of entries of the space data
-- records              hash: revision and key → "kind at expires form writer\n" and the data
-- feed                 sorted set: revision, key, NUL, time: all changes in their order
-- versions             sorted set: key, NUL, revision, time, size: the changes of each key
-- commits, commits:old hash: id of a commit → what was answered
-- turn                 text: who alone may change an entry for a moment, and which
-- snapshots            sorted set: "id revision space" of those being read, by the server's time at which they end
-- snapshot:<id>, snapshot:<id>:keys  what has been overwritten since one of them began
local PREFIX = string.sub(KEYS[1], 1, -5)
local META = KEYS[1]
local COMMITS, RECORDS = PREFIX .. "commits", PREFIX .. "records"
local FEED, VERSIONS = PREFIX .. "feed", PREFIX .. "versions"
local FORMAT = "1"
-- Lua's stack holds no more at a time.
local CHUNK = 1000

local time = redis.call("TIME")
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
local given, seen = string.match(ARGV[1], "^(%S*) (%S*)$")
local now = given == "" and clock or tonumber(given)

local function int(number) return string.format("%.0f", number) end
local function padded(number) return string.format("%016.0f", number) end

local meta = redis.call("HMGET", META, "format", "revision", "swept", "rotated", "identity")
if meta[1] and meta[1] ~= FORMAT then return redis.error_reply("RUNNERFORMAT " .. meta[1]) end
local identity = meta[5] or ""
if seen ~= "" and seen ~= identity then return redis.error_reply("RUNNERREPLACED " .. identity) end
local revision = tonumber(meta[2] or 0)

local SPACES = { "data", "lock", "run", "once" }
local function entries(space) return PREFIX .. space .. ":entries" end
local function keys(space) return PREFIX .. space .. ":keys" end
local function expiry(space) return PREFIX .. space .. ":expiry" end

-- The keys of a store that do not end by themselves, without the prefix.
local function lasting()
  local names = { "meta", "types", "records", "feed", "versions", "commits", "commits:old" }
  for _, space in ipairs(SPACES) do
    for _, part in ipairs({ ":entries", ":keys", ":expiry" }) do names[#names + 1] = space .. part end
  end
  return names
end

-- Revision, creation, expiry ("-": none) and form of a stored entry. Raises for what no script of ours has written.
local function head(raw)
  local rev, created, expires, form = string.match(raw or "", "^(%d+) ([%d%.]+) [%d%.]+ ([%d%.%-]+) (%S+)\n")
  if not rev then error("RUNNERDAMAGED") end
  return rev, created, expires, form
end

-- What is stored under a key, dead or alive, and its revision, creation and expiry if it is alive.
local function look(space, name)
  local raw = redis.call("HGET", entries(space), name)
  if not raw then return false end
  local rev, created, expires, form = head(raw)
  if expires ~= "-" and tonumber(expires) <= now then return raw end
  return raw, rev, created, expires, form
end

-- Calls a command on a list of any length, piece by piece; the replies as one list.
local function each(command, key, list)
  local replies = {}
  for from = 1, #list, CHUNK do
    local part = redis.call(command, key, unpack(list, from, math.min(from + CHUNK - 1, #list)))
    for place = 1, #part do replies[from + place - 1] = part[place] end
  end
  return replies
end

-- The ends of the range of a prefix, above `after` if that is not "".
local function range(prefix, after)
  local from = "[" .. prefix
  if after ~= "" then from = "(" .. after end
  -- No byte of UTF-8 is 255.
  return from, "(" .. prefix .. "\255"
end

-- Up to `limit` live entries, and at least one if there are any, but no more than `bytes`: names, and what is
-- stored; the last name if there may be more.
local function page(space, prefix, after, limit, bytes)
  local from, to = range(prefix, after)
  local names, raws, size = {}, {}, 0
  while #names < limit do
    local found = redis.call("ZRANGEBYLEX", keys(space), from, to, "LIMIT", 0, math.min(CHUNK, limit))
    if #found == 0 then break end
    local stored = redis.call("HMGET", entries(space), unpack(found))
    for place, name in ipairs(found) do
      local raw = stored[place]
      local _, _, expires = head(raw)
      if #names < limit and (expires == "-" or tonumber(expires) > now) then
        names[#names + 1] = name
        raws[#raws + 1] = raw
        size = size + #raw
        if bytes and size > bytes then return names, raws, name end
      end
    end
    from = "(" .. found[#found]
  end
  return names, raws, ""
end

-- What tells a page from another.
local function token(names, raws)
  local parts = {}
  for place, name in ipairs(names) do parts[place] = name .. "\0" .. head(raws[place]) end
  return redis.sha1hex(table.concat(parts, "\0"))
end

local function pairsOf(names, raws, withData)
  local flat = {}
  for place, name in ipairs(names) do
    flat[#flat + 1] = name
    flat[#flat + 1] = withData and raws[place] or string.match(raws[place], "^[^\n]*\n")
  end
  return flat
end

-- What is stored at `count` places, named from ARGV[at] on, and the pages that are named after them: the entries
-- ("" for what is not there), the pages without values, and what tells each page from another. The rest of each
-- row is skipped.
local function view(at, count, width, pageWidth)
  local found, pages, tokens = {}, {}, {}
  for _ = 1, count do
    local raw, rev = look(ARGV[at], ARGV[at + 1])
    found[#found + 1] = rev and raw or ""
    at = at + width
  end
  while at <= #ARGV do
    local names, raws = page(ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]))
    pages[#pages + 1] = pairsOf(names, raws, false)
    tokens[#tokens + 1] = token(names, raws)
    at = at + pageWidth
  end
  return { now, revision, found, pages, tokens }
end
