-- Compares and commits. ARGV: time, id, writer, when it was decided and how old that may be in ms, how to prune or
-- "", who asks, for how many ms it is his turn if he loses ("": not at all), number of entries, and of each:
-- space, key, expected revision (0: absent, "*": any), what to do ("-": nothing, put, delete, purge), expiry ("-":
-- none, keep), form, data; then of each page: space, prefix, after, limit, what it was told by. 1 committed: time,
-- revision, whether a sweep is due, and the creation of each entry. 0 nothing to do: time, revision. 2 not as
-- expected: how it is, as `look` gives it, and whether it is his turn.
local id, decided, age = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local answer = answered(id)
if answer then return { 1, { now, tonumber(answer), 0, {} } } end
local FIELDS, FIRST = 7, 10
local places = tonumber(ARGV[FIRST - 1])
local last = FIRST - 1 + FIELDS * places
local who, patience = ARGV[7], ARGV[8]
-- Who lost often, or is far away, has a turn: for a moment nobody else changes the entry.
local turn = redis.call("GET", PREFIX .. "turn")
local function refuse(place)
  if place and patience ~= "" and not turn then
    turn = who .. " " .. place
    redis.call("SET", PREFIX .. "turn", turn, "PX", patience)
  end
  local ours = turn and string.sub(turn, 1, #who + 1) == who .. " "
  return { 2, view(FIRST, places, FIELDS, 5), ours and 1 or 0 }
end

if math.abs(now - decided) > age then return refuse() end
local planned, created = {}, {}
for at = FIRST, last, FIELDS do
  local space, name, expected, what = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local old, rev, since, expires, form = look(space, name)
  local place = space .. " " .. name
  if expected ~= "*" and expected ~= (rev or "0") then return refuse(place) end
  if turn and what ~= "-" and turn ~= who .. " " .. place and string.sub(turn, -#place - 1) == " " .. place then
    return refuse()
  end
  created[#created + 1] = since or ""
  if what == "put" then
    local wanted = ARGV[at + 4]
    if wanted == "keep" then wanted = expires or "-" end
    planned[#planned + 1] = { space, name, old, {
      created = since or int(now), updated = int(now), expires = wanted, form = ARGV[at + 5], data = ARGV[at + 6],
    } }
  elseif what == "delete" and rev then planned[#planned + 1] = { space, name, old }
  elseif what == "purge" and (old or space == "data" and #versions(name, "ZRANGEBYLEX", 1) > 0) then
    planned[#planned + 1] = { space, name, old, purge = true }
  end
end
for at = last + 1, #ARGV, 5 do
  local names, raws = page(ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]))
  if token(names, raws) ~= ARGV[at + 4] then return refuse() end
end
if #planned == 0 then return { 0, { now, revision } } end

if turn and string.sub(turn, 1, #who + 1) == who .. " " then redis.call("DEL", PREFIX .. "turn") end
begin(ARGV[3])
local touched = {}
for _, write in ipairs(planned) do
  local space, name, old, new = unpack(write, 1, 4)
  if write.purge and space == "data" then purge(name) end
  if new then put(space, name, old, new)
  elseif old then drop(space, name, old, "delete")
  elseif space == "data" then record(name, "delete", "-", "-", "") end
  touched[#touched + 1] = space .. " " .. name
end
local retention = retentionOf(ARGV[6])
if retention then
  for place = 1, math.min(#planned, 8) do
    if planned[place][1] == "data" then prune(planned[place][2], retention) end
  end
end
finish(id, int(revision), #touched <= 16 and table.concat(touched, "\0") or "*")
local due = meta[3] and math.abs(now - tonumber(meta[3])) >= SWEEP_EVERY
return { 1, { now, revision, due and 1 or 0, created } }
