-- Completes Lua's own `io`, whose C code works on this machine's files, and adds `import`.
local host = ...
local type, error, load, getmetatable, setmetatable = type, error, load, getmetatable, setmetatable
local raw_open, raw_lines, raw_input, raw_output, raw_close = io.open, io.lines, io.input, io.output, io.close
local raw_read = io.read
local methods = getmetatable(io.stdout).__index
local close, read, lines = methods.close, methods.read, methods.lines
local pcall, next, getinfo = pcall, next, debug.getinfo
local pack, unpack, select, tonumber, integer = table.pack, table.unpack, select, tonumber, math.tointeger

-- `print` and the messages of the host do not go through C's buffers, and must not be overtaken by what does.
io.stdout:setvbuf("no")
host.forget_error()

-- What C says of an error of the system is in the words and numbers of the VM's own library.
local function told(...)
  local ok, first, message, number = ...
  if ok and first == nil and select("#", ...) == 4 and integer(number) then return ok, nil, host.system_words(message, number) end
  return ...
end

-- What C complains about, it complains of to its caller, which must be the script and not this chunk: to be tail-called.
local function passed(name, ok, first, ...)
  if ok then return first, ... end
  host.forget_error()
  if type(first) == "string" then first = first:gsub("^%[runner%]:%d+: ", ""):gsub("'%?'", "'" .. name .. "'") end
  error(first, 2)
end

-- To a method, C does not count the file as an argument, but it cannot know that it is one.
local function passed_method(name, ok, first, ...)
  if not ok and type(first) == "string" then
    first = first:gsub("^bad argument #(%d+)", function(index) return "bad argument #" .. integer(index) - 1 end)
  end
  return passed(name, ok, first, ...)
end

-- Processes by the file that a script reads or writes instead of them.
local processes = setmetatable({}, { __mode = "k" })
-- Those of them that are read: their output comes from the host, which can wait for it. The file only stands for it.
local readers = setmetatable({}, { __mode = "k" })
-- And those that read what the script writes.
local writers = setmetatable({}, { __mode = "k" })

function io.popen(command, mode)
  if type(command) ~= "string" then
    error(("bad argument #1 to 'popen' (string expected, got %s)"):format(command == nil and "no value" or type(command)), 2)
  end
  mode = mode or "r"
  if mode ~= "r" and mode ~= "w" then error("bad argument #2 to 'popen' (invalid mode)", 2) end
  local path, number = host.start_process(command, mode)
  local file = raw_open(path, mode)
  processes[file] = number
  if mode == "r" then readers[file] = number else writers[file] = number end
  return file
end

local FORMATS = { n = "n", l = "l", L = "L", a = "a" }

local function format_of(format, index)
  local known = integer(format)
  if type(format) == "string" then known = FORMATS[format:gsub("^%*", ""):sub(1, 1)] end
  if not known or known == integer(known) and known < 0 then
    error(("bad argument #%d to 'read' (invalid format)"):format(index), 3)
  end
  return known
end

local function read_process(number, ...)
  if select("#", ...) == 0 then return host.read_process(number, "l") end
  local results = {}
  for i = 1, select("#", ...) do
    local format = format_of(select(i, ...), i)
    local text = host.read_process(number, format)
    if format == "n" then text = text and tonumber(text) end
    results[i] = text
    if text == nil then return unpack(results, 1, i) end
  end
  return unpack(results, 1, select("#", ...))
end

local function lines_of(file, ...)
  local formats = pack(...)
  return function()
    if not readers[file] then error("file is already closed", 2) end
    return read_process(readers[file], unpack(formats, 1, formats.n))
  end
end

-- The VM's C would take the rest of such a number: it counts bytes in 32 bits.
local function check_count(count)
  if type(count) == "number" and count >= 1 << 31 then error("not enough memory", 3) end
end

function methods.read(file, ...)
  if readers[file] then return read_process(readers[file], ...) end
  check_count((...))
  return passed_method("read", told(pcall(read, file, ...)))
end

function methods.lines(file, ...)
  if readers[file] then return lines_of(file, ...) end
  return passed_method("lines", pcall(lines, file, ...))
end

function io.read(...)
  local number = readers[raw_input()]
  if number then return read_process(number, ...) end
  check_count((...))
  return passed("read", told(pcall(raw_read, ...)))
end

function io.open(path, mode)
  if type(path) == "string" then host.check("io.open", path, type(mode) == "string" and mode or "r") end
  return passed("open", told(pcall(raw_open, path, mode)))
end

function io.lines(path, ...)
  if type(path) == "string" then host.check("io.lines", path, "r") end
  if path == nil and readers[raw_input()] then return lines_of(raw_input(), ...) end
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

function methods.close(file)
  local number = processes[file]
  if not number then return passed_method("close", told(pcall(close, file))) end
  processes[file], readers[file], writers[file] = nil, nil, nil
  close(file)
  return host.end_process(number)
end

function io.close(file)
  if file == nil then return passed("close", told(pcall(raw_close))) end
  return methods.close(file)
end

-- Lets a process take what it was given before more comes, and all of it at a flush.
local function drained(pass, name, file, ok, ...)
  local number = name ~= "seek" and writers[file]
  if number and ok then host.drain_process(number, name == "flush") end
  return pass(name, ok, ...)
end

for _, name in next, { "write", "seek", "flush" } do
  local call, raw = methods[name], io[name]
  methods[name] = function(...) return drained(passed_method, name, (...), told(pcall(call, ...))) end
  if raw then
    io[name] = function(...) return drained(passed, name, next(writers) and raw_output(), told(pcall(raw, ...))) end
  end
end

-- C takes them for files.
local seek, stdout, stderr = methods.seek, io.stdout, io.stderr
function methods.seek(file, ...)
  if file == stdout or file == stderr then return nil, host.system_words("Invalid seek", 70) end
  return seek(file, ...)
end

function io.tmpfile()
  local path = host.make_temporary()
  local file = raw_open(path, "w+")
  host.remove_temporary(path)
  return file
end

local imported = {}
-- Ends the loading of a file on every way out; whoever waits for it looks again then.
local loading = { __close = function(self) host.end_import(self.key) end }

function import(path)
  -- Where a file ends with `return import(…)`, it is not on the stack any more, but still being loaded.
  local caller = getinfo(2, "S")
  local key = host.find_import(path, caller and caller.source == "=[runner]")
  while not imported[key] and host.is_importing(key) do host.await_import(key) end
  if imported[key] then return imported[key].value end
  local source, name = host.begin_import(key)
  local mine <close> = setmetatable({ key = key }, loading)
  local chunk, problem = load(source, "@" .. name, "t")
  if not chunk then error(problem, 0) end
  local value = chunk()
  imported[key] = { value = value }
  return value
end
