-- Deletes keys in one commit, if nobody has touched others of their range since. ARGV: time, id, writer, when it
-- was decided and how old that may be, number of guards, space, key and expected revision of each; space, prefix,
-- the revision up to which the range is known, what tells its keys from others in spaces without a feed, and the
-- keys to delete, NUL between them. Time and revision, after 1: done, how many; 2: not as expected; 3: what else
-- was touched.
local id, decided, age = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local answer = answered(id)
if answer then return { 1, { now, revision, tonumber(answer) } } end
if math.abs(now - decided) > age then return { 2, { now, revision } } end
local last = 6 + 3 * tonumber(ARGV[6])
for at = 7, last, 3 do
  local _, rev = look(ARGV[at], ARGV[at + 1])
  if ARGV[at + 2] ~= (rev or "0") then return { 2, { now, revision } } end
end
local space, prefix, since, known, names = unpack(ARGV, last + 1, last + 5)
since = tonumber(since)
if space == "data" then
  local others = {}
  for _, member in ipairs(redis.call("ZRANGEBYLEX", FEED, "[" .. padded(since + 1), "+")) do
    local name = string.sub(member, 17, string.find(member, "\0", 17, true) - 1)
    if string.sub(name, 1, #prefix) == prefix then others[#others + 1] = name end
  end
  if #others > 0 then return { 3, { now, revision, others } } end
elseif redis.sha1hex(table.concat((page(space, prefix, "", math.huge)), "\0")) ~= known then
  return { 2, { now, revision } }
end

local doomed = {}
for name in string.gmatch(names, "[^%z]+") do
  local old, rev = look(space, name)
  if rev then doomed[#doomed + 1] = { name, old } end
end
if #doomed == 0 then return { 1, { now, revision, 0 } } end
begin(ARGV[3])
for _, pair in ipairs(doomed) do drop(space, pair[1], pair[2], "delete") end
finish(id, int(#doomed))
return { 1, { now, revision, #doomed } }
