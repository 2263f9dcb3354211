-- Puts what was staged in one commit. ARGV: time, id, writer, the revision to be above of, or "=" for one more part of
-- the commit before, how many items there are, what they were staged as, for how many ms this store, which is one made
-- aside, is kept ("" for a store itself), and the spaces of which nothing else shall remain.
-- Time, revision, then how many were written, the same, and removed.
local id, FIELDS = ARGV[2], 7
-- A store aside is made under the name of what is staged for it.
local staged = ARGV[7] == "" and PREFIX .. "load:" .. ARGV[6] or string.sub(PREFIX, 1, -2)
local answer = answered(id)
if answer then
  local written, same, removed = string.match(answer, "(%d+) (%d+) (%d+)")
  return { now, revision, tonumber(written), tonumber(same), tonumber(removed) }
end
local items = tonumber(ARGV[5])
if redis.call("LLEN", staged) ~= items * FIELDS then return redis.error_reply("RUNNERSTAGED incomplete") end
local mentioned, before = {}, revision
for at = 8, #ARGV do mentioned[ARGV[at]] = {} end
begin(ARGV[3], tonumber(ARGV[4]))
if ARGV[4] == "=" then revision = before end
local written, same, removed = 0, 0, 0
for from = 0, items - 1, 100 do
  local part = redis.call("LRANGE", staged, from * FIELDS, (from + 100) * FIELDS - 1)
  for at = 1, #part, FIELDS do
    local space, name = part[at], part[at + 1]
    local _, _, created, updated, expires, form, data = unpack(part, at, at + FIELDS - 1)
    local new = { created = created, updated = updated, expires = expires, form = form, data = data }
    if mentioned[space] then mentioned[space][name] = true end
    local old = redis.call("HGET", entries(space), name)
    local rest = old and string.match(old, "^%S+ %S+ %S+ (.*)$")
    if rest == expires .. " " .. form .. "\n" .. data then
      same = same + 1
    else
      put(space, name, old, new)
      written = written + 1
    end
  end
end
for space, names in pairs(mentioned) do
  for _, name in ipairs(redis.call("ZRANGE", keys(space), 0, -1)) do
    if not names[name] then
      drop(space, name, redis.call("HGET", entries(space), name), "delete")
      removed = removed + 1
    end
  end
end
redis.call("DEL", staged)
if written + removed > 0 then finish(id, written .. " " .. same .. " " .. removed) else revision = before end
if ARGV[7] ~= "" then
  for _, name in ipairs(lasting()) do redis.call("PEXPIRE", PREFIX .. name, ARGV[7]) end
end
return { now, revision, written, same, removed }
