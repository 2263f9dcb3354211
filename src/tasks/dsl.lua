-- The words with which a file declares tasks. Every declaration becomes a plain table of options; what they mean, and
-- which are wrong, is decided by the host when the file has run.
local host = ...
-- Its functions come into being when the first of them is used (lazy.lua).
local state = state
local rawget, rawset, type, pairs, ipairs, select, next = rawget, rawset, type, pairs, ipairs, select, next
local setmetatable, getmetatable, pack, unpack, sort = setmetatable, getmetatable, table.pack, table.unpack, table.sort
local getinfo, sub = debug.getinfo, string.sub

-- In the order of declaration: tasks, and groups, whose members are found when the file has run.
local declared, count = {}, 0
local function note(declaration)
  count = count + 1
  declared[count] = declaration
  return declaration
end

-- Which of them a table of options stands for. Those who only declare never ask: it is known when somebody does.
local declaration_of, indexed = {}, 0
local function declaration_for(options)
  while indexed < count do
    indexed = indexed + 1
    local declaration = declared[indexed]
    local of = declaration.given or declaration.options
    if of ~= nil and declaration.form ~= "definitions" then declaration_of[of] = declaration end
  end
  return options ~= nil and declaration_of[options] or nil
end

-- Whether the file has run: then it is known what its tasks are.
local closed = false

-- File and line of a place, as error() counts. One function, as the top level is, declares many: it is asked for its file once.
local caller, file
local function place_of(level)
  local info = getinfo(level + 1, "fl")
  if info and info.func ~= caller then
    local source = getinfo(info.func, "S").source
    caller, file = info.func, sub(source, 1, 1) == "@" and sub(source, 2)
  end
  if info and file and info.currentline > 0 then return file, info.currentline end
  return host.caller()
end

-- `level`: where the word was used, as error() counts.
local function declare(options, form, level)
  if closed then
    local what = form == "task" and "a task" or "a workflow"
    error("Cannot declare " .. what .. " here: the file has been read. Declare it at the top level of the file.", level)
  end
  local source, line = place_of(level)
  return note({ options = options, source = source, line = line, form = form })
end

-- `TaskDefinitions` may be set several times, also by files that are imported: all of it counts, from where it is set.
-- For that, it is no field of the globals, but reads as what it was set to last.
local definitions = {}
setmetatable(_G, {
  __index = definitions,
  __newindex = function(globals, name, value)
    if name ~= "TaskDefinitions" then return rawset(globals, name, value) end
    if closed and value ~= nil then
      error("Cannot declare tasks here: the file has been read. Set TaskDefinitions at the top level of the file.", 2)
    end
    definitions[name] = value
    local source, line = host.caller()
    note({ form = "definitions", given = value, source = source, line = line })
  end,
})

-- A table of options as it is now, with its lists: a loop may use one table for many tasks.
local function snapshot(options)
  local copy = {}
  for key, value in pairs(options) do
    if type(value) == "table" and not declaration_for(value) and getmetatable(value) == nil then
      local list = {}
      for index, item in next, value do list[index] = item end
      value = list
    end
    copy[key] = value
  end
  return copy
end

-- task("name"):command(fn):depends_on("other") sets one option a call; :build() ends it and may be left out.
local Builder, GroupBuilder = {}, {}

local function set(self, name, first, ...)
  local options = rawget(self, "options")
  if name == "retries" and ... ~= nil then
    options.retries, options.backoff = first, (...)
  elseif select("#", ...) > 0 then
    options[name] = { first, ... }
  else
    options[name] = first
  end
  return self
end

-- The functions of builders, each from when it is first used.
local chained = setmetatable({ build = function(self) return self end }, {
  __index = function(chained, name)
    local function setter(self, ...)
      -- A call without a value says yes, so that it is read, and refused, as any other.
      if select("#", ...) == 0 then return set(self, name, true) end
      return set(self, name, ...)
    end
    chained[name] = setter
    return setter
  end,
})
Builder.__index, GroupBuilder.__index = chained, chained

local function named(what, first, rest, form, builder)
  local options = { name = first }
  if type(rest) == "table" then for key, value in pairs(rest) do options[key] = value end end
  if type(first) ~= "string" then
    error(what .. ": argument 1: expected a name" .. (what == "task" and " or a table of options" or "") .. ", got " .. type(first), 3)
  end
  declare(options, form, 3)
  return setmetatable({ options = options }, builder)
end

function task(first, rest)
  if type(first) == "table" and getmetatable(first) == nil then
    local declaration = declare(first, "task", 3)
    declaration.given, declaration.options = first, snapshot(first)
    return first
  end
  return named("task", first, rest, "task", Builder)
end

workflow = setmetatable({}, {
  __call = function(_, name, options) return named("workflow", name, options, "group", GroupBuilder) end,
})

function workflow.define(name, options)
  return named("workflow.define", name, options, "group", GroupBuilder)
end

-- The table of options behind whatever stands for a task.
local function options_of(value)
  local builder = type(value) == "table" and getmetatable(value) == Builder
  return builder and rawget(value, "options") or value
end

-- The declared task that stands in the place of a command.
local function worker_of(options)
  if type(options) ~= "table" then return nil end
  local command, run = options.command, options.run
  return type(command) == "table" and declaration_for(options_of(command)) or type(run) == "table" and declaration_for(options_of(run)) or nil
end

-- `uses` starts from another task, as does a task in the place of a command: its options hold where the task says
-- nothing itself.
local function inherit(options, seen)
  local worker = worker_of(options)
  if type(options) ~= "table" or (options.uses == nil and not worker) then return options end
  local declaration = worker or declaration_for(options_of(options.uses))
  local base = declaration and declaration.options or options_of(options.uses)
  if type(base) ~= "table" or seen[base] then return options end
  seen[base] = true
  local merged = {}
  for key, value in pairs(inherit(base, seen)) do if key ~= "name" then merged[key] = value end end
  for key, value in pairs(options) do
    if key ~= "uses" and not (worker and (key == "command" or key == "run")) then merged[key] = value end
  end
  return merged
end

-- Where names of tasks are expected, a declared task stands for its own.
local function name_of(value)
  local declaration = type(value) == "table" and declaration_for(options_of(value))
  return declaration and declaration.options.name or value
end

local function names_of(given)
  local name = name_of(given)
  if type(name) ~= "table" then return name end
  local names = {}
  for key, value in pairs(given) do names[key] = name_of(value) end
  return names
end

local function with_names(options)
  if type(options) ~= "table" or not (type(options.depends_on) == "table" or type(options.next_if_fail) == "table") then
    return options
  end
  local copy = {}
  for key, value in pairs(options) do copy[key] = value end
  copy.depends_on, copy.next_if_fail = names_of(options.depends_on), names_of(options.next_if_fail)
  return copy
end

-- The list part in order, then what is keyed, by name.
local function members(tasks)
  local found, keys = {}, {}
  for index, value in ipairs(tasks) do found[index] = { value = value } end
  local count = #found
  for key in pairs(tasks) do
    if not (math.type(key) == "integer" and key >= 1 and key <= count) then keys[#keys + 1] = key end
  end
  sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do found[#found + 1] = { key = tostring(key), value = tasks[key] } end
  return found
end

-- What was declared, with each group of each TaskDefinitions in its place; and what of these are no tables. What is
-- taken over from one into the next is declared once, and nothing of those that were set to nil afterwards.
local function expand()
  local found, wrong, seen, first = {}, {}, {}, 1
  for place, declaration in ipairs(declared) do
    if declaration.form == "definitions" and declaration.given == nil then first = place end
  end
  for place, declaration in ipairs(declared) do
    local given = declaration.given
    if declaration.form ~= "definitions" then
      found[#found + 1] = declaration
    elseif place >= first and type(given) == "table" then
      for _, member in ipairs(members(given)) do
        local key, value = member.key, member.value
        local known = seen[value] or {}
        if type(value) ~= "table" or not known[key or 0] then
          local within = { source = declaration.source, line = declaration.line }
          found[#found + 1] = { options = value, form = "definitions", key = key, within = within }
        end
        known[key or 0], seen[value] = true, known
      end
    elseif place >= first and given ~= nil then
      wrong[#wrong + 1] = { type = type(given), source = declaration.source, line = declaration.line }
    end
  end
  return found, wrong
end

-- Everything that was declared: tasks in order, and groups.
local function collect()
  closed = true
  -- Where a script gave the globals a metatable of its own.
  local last = rawget(_G, "TaskDefinitions")
  if last ~= nil then note({ form = "definitions", given = last }) end
  local found, wrong = expand()
  local grouped, groups = {}, {}
  for _, declaration in ipairs(found) do
    local options = declaration.options
    local worker = worker_of(options)
    if worker then grouped[worker] = true end
    if declaration.form ~= "task" and type(options) == "table" then
      local own = {}
      for key, value in pairs(options) do if key ~= "tasks" then own[key] = value end end
      local group = { options = own, key = declaration.key, within = declaration.within }
      group.source, group.line = declaration.source, declaration.line
      groups[#groups + 1] = group
      declaration.group = #groups
      if type(options.tasks) ~= "table" then
        group.tasks = type(options.tasks)
      else
        declaration.members = members(options.tasks)
        for _, member in ipairs(declaration.members) do
          local known = declaration_for(options_of(member.value)) or worker_of(member.value)
          if known then grouped[known] = true end
        end
      end
    elseif declaration.form ~= "task" then
      groups[#groups + 1] = { options = options, key = declaration.key, within = declaration.within }
    end
  end
  local tasks = {}
  for _, declaration in ipairs(found) do
    if declaration.form == "task" and not grouped[declaration] then
      local options = with_names(inherit(declaration.options, {}))
      tasks[#tasks + 1] = { options = options, source = declaration.source, line = declaration.line }
    end
    for _, member in ipairs(declaration.members or {}) do
      local options = options_of(member.value)
      local known = declaration_for(options)
      tasks[#tasks + 1] = {
        options = with_names(inherit(known and known.options or options, {})),
        source = known and known.source,
        line = known and known.line,
        form = not known and declaration.form or nil,
        group = declaration.group,
        key = member.key,
      }
    end
  end
  return { tasks = tasks, groups = groups, exclusive = rawget(_G, "exclusive"), wrong = wrong }
end

-- Runs a task's function under a lock: what it writes to the state fails when the lock was lost.
local function locked(name, seconds, fn, ...)
  local args = pack(...)
  return state.with_lock(name, function() return fn(unpack(args, 1, args.n)) end, seconds)
end

return function(what, ...)
  if what == "collect" then return collect() end
  if what == "count" then return count end
  return locked(...)
end
