-- Completes Lua's own `io`, whose C code works on this machine's files, and adds `import`.
local host = ...
local type, error, load, pcall, getmetatable, setmetatable = type, error, load, pcall, getmetatable, setmetatable
local raw_open, raw_lines, raw_input, raw_output, raw_close = io.open, io.lines, io.input, io.output, io.close
local methods = getmetatable(io.stdout).__index
local close = methods.close

-- `print` and the messages of the host do not go through C's buffers, and must not be overtaken by what does.
io.stdout:setvbuf("no")

local function numbered(file, message, number)
  if file then return file end
  return nil, message, host.system_number(number)
end

-- What C complains about, it complains of to its caller, which must be the script and not this chunk.
local function passed(name, ok, first, ...)
  if ok then return first, ... end
  if type(first) == "string" then first = first:gsub("^%[runner%]:%d+: ", ""):gsub("'%?'", "'" .. name .. "'") end
  error(first, 3)
end

function io.open(path, mode)
  if type(path) == "string" then host.check("io.open", path, mode or "r") end
  return numbered(passed("open", pcall(raw_open, path, mode)))
end

function io.lines(path, ...)
  if type(path) == "string" then host.check("io.lines", path, "r") end
  return passed("lines", pcall(raw_lines, path, ...))
end

function io.input(file)
  if type(file) == "string" then host.check("io.input", file, "r") end
  if file == nil then return raw_input() end
  return passed("input", pcall(raw_input, file))
end

function io.output(file)
  if type(file) == "string" then host.check("io.output", file, "w") end
  if file == nil then return raw_output() end
  return passed("output", pcall(raw_output, file))
end

-- Processes by the file that a script reads or writes instead of them.
local processes = setmetatable({}, { __mode = "k" })

function io.popen(command, mode)
  if type(command) ~= "string" then error("bad argument #1 to 'popen' (string expected)", 2) end
  mode = mode or "r"
  if mode ~= "r" and mode ~= "w" then error("bad argument #2 to 'popen' (invalid mode)", 2) end
  local path, number = host.start_process(command, mode)
  local file = raw_open(path, mode)
  processes[file] = number
  return file
end

function methods.close(file)
  local number = processes[file]
  if not number then return close(file) end
  processes[file] = nil
  close(file)
  return host.end_process(number)
end

function io.close(file)
  if file == nil then return raw_close() end
  return methods.close(file)
end

local imported, LOADING = {}, {}

function import(path)
  if type(path) ~= "string" then error("import: argument 1 (path): expected a string, got " .. type(path), 2) end
  local key, source, name = host.read_import(path)
  if imported[key] == LOADING then error("Cannot import " .. name .. ": it is importing itself.", 2) end
  if imported[key] then return imported[key].value end
  local chunk, problem = load(source, "@" .. name, "t")
  if not chunk then error(problem, 0) end
  imported[key] = LOADING
  local failed <close> = setmetatable({}, { __close = function(_, err) if err ~= nil then imported[key] = nil end end })
  local value = chunk()
  imported[key] = { value = value }
  return value
end
