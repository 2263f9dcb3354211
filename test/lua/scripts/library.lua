local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails

test("io.open() reads and writes real files, in all formats", function()
  local f = assert(io.open("x.txt", "w"))
  equal({ type(f), io.type(f) }, { "userdata", "file" })
  f:write("line1\nline2\n42 0x10 3.5\n", "rest")
  equal(f:seek("cur"), 28)
  f:close()
  equal(io.type(f), "closed file")
  equal(fs.read("x.txt"), "line1\nline2\n42 0x10 3.5\nrest")
  local g <close> = io.open("x.txt")
  equal({ g:read("l", "L", "n", "n", "n") }, { "line1", "line2\n", 42, 16, 3.5 })
  equal(g:read(1), "\n")
  equal({ g:read("a"), g:read("a"), g:read("l") == nil }, { "rest", "", true })
  equal({ g:seek("set", 2), g:read(3) }, { 2, "ne1" })
end)

test("io.open() appends, updates and truncates as its mode says", function()
  local f = io.open("y.txt", "w") f:write("abc") f:close()
  f = io.open("y.txt", "a+") f:write("d") f:seek("set") equal(f:read("a"), "abcd") f:close()
  f = io.open("y.txt", "r+") f:write("X") f:close()
  equal(fs.read("y.txt"), "Xbcd")
  f = io.open("y.txt", "w+b") equal(f:read("a"), "") f:close()
  equal(fs.read("y.txt"), "")
end)

test("io keeps every byte", function()
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  local bytes = table.concat(all):rep(1000)
  local f = io.open("bytes", "wb") f:write(bytes) f:close()
  f = io.open("bytes", "rb") equal(f:read("a") == bytes, true) f:close()
  equal(fs.stat("bytes").size, 256000)
end)

test("io.open() tells what is wrong as the system does", function()
  local f, reason, code = io.open("none.txt")
  equal({ f == nil, reason, code }, { true, "none.txt: No such file or directory", 2 })
  raises("bad argument #2 to 'open' (invalid mode)", io.open, "x", "zz")
  raises("No such file or directory", io.lines, "none.txt")
  local dir = io.open(".")
  equal(select(2, dir:read("a")), "Is a directory")
  raises("attempt to use a closed file", function() local g = io.open("x.txt") g:close() g:read() end)
end)

test("io.lines() and file:lines() go through a file", function()
  local seen = {}
  for line in io.lines("x.txt") do seen[#seen + 1] = line end
  equal(seen, { "line1", "line2", "42 0x10 3.5", "rest" })
  local first = {}
  for a, b in io.lines("x.txt", 1, "l") do first[#first + 1] = a .. "|" .. b break end
  equal(first, { "l|ine1" })
end)

test("io.output() and io.input() take files", function()
  local out = io.output()
  io.output("z.txt")
  io.write("hello\n", 5)
  io.close()
  io.output(out)
  io.input("z.txt")
  equal({ io.read("l"), io.read("n") }, { "hello", 5 })
  io.close(io.input())
  io.input(io.stdin)
end)

test("io.popen() reads from and writes to commands", function()
  local p = io.popen("echo hi; exit 3")
  equal(p:read("a"), "hi\n")
  local ok, how, code = p:close()
  equal({ ok == nil, how, code }, { true, "exit", 3 })
  p = io.popen("cat > popen.txt", "w")
  p:write("in")
  equal(p:close(), true)
  equal(fs.read("popen.txt"), "in")
  raises("invalid mode", io.popen, "true", "x")
end)

test("io.popen() starts a command that reads at once, hands on what is flushed, and gives how it ended", function()
  local p = io.popen("echo begun > started; while read line; do echo got $line >> lines; done; exit 4", "w")
  while not fs.exists("started") do time.sleep(0.001) end
  p:write("one\n")
  p:flush()
  while not fs.exists("lines") do time.sleep(0.001) end
  assert(p:write("two\n", 3) == p)
  equal({ p:close() }, { nil, "exit", 4 })
  equal(fs.read("lines"), "got one\ngot two\n")
  raises("closed file", p.write, p, "x")
  p = io.popen("cat > popen.big", "w")
  local piece = ("x"):rep(100000)
  for _ = 1, 30 do p:write(piece) end
  equal({ p:close() }, { true, "exit", 0 })
  equal(fs.stat("popen.big").size, 3000000)
  p = io.popen("exec 0<&-; touch deaf; sleep 600", "w")
  while not fs.exists("deaf") do time.sleep(0.001) end
  p = io.popen("exit 0", "w")
  local ok, text, number
  repeat
    time.sleep(0.001)
    p:write("x")
    ok, text, number = p:flush()
  until not ok
  equal({ text, number }, { "Broken pipe", 32 })
end)

test("a file that is open for something else says so, whatever failed before", function()
  fs.write("only.txt", "x")
  for _ = 1, 2 do
    equal({ select(2, io.open("no-such-file")) }, { "no-such-file: No such file or directory", 2 })
    local read <close> = assert(io.open("only.txt"))
    local write <close> = assert(io.open("other.txt", "w"))
    pcall(io.lines, "no-such-file")
    equal({ read:write("x") }, { nil, "Bad file descriptor", 9 })
    equal({ write:read(1) }, { nil, "Bad file descriptor", 9 })
  end
end)

test("io.popen() gives lines as they come, and ends what goes on writing after close", function()
  local p = io.popen("yes")
  equal({ p:read(), p:read("L"), p:read(2), p:read(0) }, { "y", "y\n", "y\n", "" })
  equal({ select(2, p:close()) }, { "signal", 13 })
  -- It waits for a file that is made once its first line has come.
  p = io.popen("echo begun; until [ -e go ]; do sleep 0.01; done; echo ended")
  local seen = {}
  for line in p:lines() do
    seen[#seen + 1] = line
    fs.write("go", "")
  end
  equal(seen, { "begun", "ended" })
  equal({ p:read(), p:close() }, { nil, true, "exit", 0 })
  equal(io.type(p), "closed file")
end)

test("io.popen() reads numbers and counts as files do", function()
  local p <close> = io.popen("printf '12 0x1F -3.5e1 nan\nlast'")
  equal({ p:read("n", "n", "n") }, { 12, 31, -35.0 })
  equal({ p:read("n") == nil, p:read("l"), p:read("*a"), p:read("a"), p:read("l") == nil }, { true, "nan", "last", "", true })
  raises("bad argument #1 to 'read' (invalid format)", function() p:read("x") end)
end)

test("io.read() and io.lines() read from a command that is the default input", function()
  local p = io.popen("seq 4")
  io.input(p)
  local seen = { io.read(), io.read("n", "L") }
  for line in io.lines() do seen[#seen + 1] = line end
  io.close(p)
  io.input(io.stdin)
  equal(seen, { "1", 2, "\n", "3", "4" })
end)

test("io says which line of the script gave it what it does not take", function()
  local here = debug.getinfo(1, "l").currentline
  local function read() local f <close> = io.open("z.txt") local text = f:read("x") return text end
  raises("library.lua:" .. here + 1 .. ":", function() local text = read() return text end)
end)

test("import() in several coroutines at once loads a file once, and the others wait for it", function()
  fs.write("slow.lua", "time.sleep(0.02) loads = (loads or 0) + 1 return { loads = loads }")
  local got = async.map({ 1, 2, 3 }, function() return import("slow") end)
  equal({ got[1] == got[2], got[2] == got[3], got[1].loads }, { true, true, 1 })
  fs.write("one.lua", "time.sleep(0.02) return import('two')")
  fs.write("two.lua", "time.sleep(0.02) return import('one')")
  local one, two = async.spawn(import, "one"), async.spawn(import, "two")
  raises("it is importing itself", one.await, one)
  raises("it is importing itself", two.await, two)
end)

test("io.tmpfile() is a file without a name", function()
  local f = io.tmpfile()
  f:write("t") f:seek("set")
  equal(f:read("a"), "t")
  f:close()
end)

test("files cannot be taken for anything else", function()
  raises("attempt to index", function() return io.stdout[1][2] end)
  fails("bad_value", state.set, "k", { io.stdout })
  raises("FILE* expected, got table", io.stdout.write, {}, "x")
end)

test("require(), dofile() and loadfile() start from the script", function()
  fs.mkdir("lib")
  fs.write("lib/mod.lua", "local name = ... return { name = name }")
  equal(require("lib.mod").name, "lib.mod")
  assert(require("lib.mod") == require("lib.mod"))
  equal(require("json"), json)
  equal(dofile("lib/mod.lua").name, nil)
  equal(select(2, loadfile("none.lua")) ~= nil, true)
  raises("module 'none' not found", require, "none")
  fs.write("bad.lua", "x = = 1")
  raises("bad.lua:1:", require, "bad")
end)

test("package.searchpath() finds what require() would", function()
  fs.mkdir("found")
  fs.write("found/it.lua", "")
  equal(package.searchpath("found.it", package.path), "found/it.lua")
  equal({ package.searchpath("a-b", "?.x;%?", "-", "%") }, { nil, "no file 'a%b.x'\n\tno file '%a%b'" })
  raises("bad argument #1 to 'searchpath'", package.searchpath)
end)

test("import() is relative to the file that ends with it", function()
  fs.mkdir("tail")
  fs.write("tail/outer.lua", "local one = import('inner') return import('inner')")
  fs.write("tail/inner.lua", "return import('last')")
  fs.write("tail/last.lua", "return 'last'")
  fs.write("tail/wrong.lua", "return import('nowhere')")
  equal(import("tail/outer"), "last")
  raises('Cannot import "nowhere": there is no such file beside tail/wrong.lua.', import, "tail/wrong")
end)

test("import() is relative to the file that calls it, and runs once", function()
  fs.write("lib/a.lua", "return { b = import('b') }")
  fs.write("lib/b.lua", "count = (count or 0) + 1 return 'b' .. count")
  equal(import("lib/a").b, "b1")
  equal(import("./lib/b.lua"), "b1")
  fails("not_found", import, "b")
  fs.write("self.lua", "import('self')")
  raises("it is importing itself", import, "self")
end)

test("load() takes text only", function()
  equal(load("return 1")(), 1)
  equal((load(string.dump(function() end))), nil)
  equal((load("return 1", "n", "b")), nil)
end)

test("coroutines of the script's own wait, yield and fail as they should", function()
  local co = coroutine.wrap(function(a)
    local b = coroutine.yield(exec.run("printf " .. a).stdout)
    error("from " .. b)
  end)
  equal(co("x"), "x")
  raises("from y", co, "y")
  raises("Lua cannot suspend what has called this code, such as table.sort", table.sort, { 2, 1 }, function(a, b) time.sleep(0) return a < b end)
end)

test("debug cannot reach what the host needs", function()
  local names = {}
  for name in pairs(debug) do names[#names + 1] = name end
  table.sort(names)
  equal(names, { "getinfo", "getmetatable", "traceback" })
  equal(package.loadlib, nil)
  equal(debug.getinfo(1, "f").func ~= nil, true)
  equal(debug.getinfo(1, "S").short_src, "library.lua")
  equal(debug.getinfo(print, "S").what, "Lua")
  raises("invalid option", debug.getinfo, 1, "?")
end)

test("load() hands no function that takes bytecode to whoever looks at the stack", function()
  local binary, found = string.dump(function() return 1 end), {}
  local function look()
    for level = 1, 20 do
      local info = debug.getinfo(level, "f")
      if info and info.func then found[#found + 1] = info.func end
    end
  end
  load(function() look() end)
  setmetatable({}, { __gc = look })
  for _ = 1, 1000 do load("return {}") end
  collectgarbage()
  for _, fn in ipairs(found) do
    if debug.getinfo(fn, "S").what == "C" then error("a function of C") end
  end
  local function reader()
    local text = binary
    binary = nil
    return text
  end
  for _, attempt in ipairs{ { binary, "x", "b" }, { binary, "x", "bt" }, { binary }, { reader } } do
    equal((load(table.unpack(attempt))), nil)
  end
  fs.write("binary.lua", string.dump(function() return 1 end))
  equal((loadfile("binary.lua")), nil)
  equal(pcall(dofile, "binary.lua"), false)
  equal(pcall(import, "binary"), false)
  equal(pcall(require, "binary"), false)
end)

test("load() reads pieces, sets the environment and says what is wrong as Lua does", function()
  local pieces = { "return ", "x" }
  equal(load(function() return table.remove(pieces, 1) end, "=p", "t", { x = 5 })(), 5)
  equal({ load("x =", "=c") }, { nil, "c:1: unexpected symbol near <eof>" })
  equal({ load(function() error("broken", 0) end) }, { nil, "broken" })
  equal({ load(function() return {} end) }, { nil, "reader function must return a string" })
  equal(load(function() exec.run("true") end) ~= nil, true)
  equal(pcall(load("return x.y", "=e", "t", nil)), false)
  raises("bad argument #1 to 'load'", load, {})
end)

test("require() says that modules require each other", function()
  fs.write("circle_a.lua", "return require('circle_b')")
  fs.write("circle_b.lua", "return require('circle_a')")
  raises('Cannot require "circle_a": it is requiring itself', require, "circle_a")
  raises('Cannot require "circle_b": it is requiring itself', require, "circle_b")
  fs.write("circle_b.lua", "return 5")
  equal((require("circle_a")), 5)
end)

test("io tells errors by the words and numbers of this system", function()
  fs.write("read-only", "x")
  local file = io.open("read-only")
  equal({ file:seek("set", -1) }, { nil, "Invalid argument", 22 })
  equal(file:read("a"), "x")
  equal(select("#", file:read("l")), 1)
  equal(file:close(), true)
  equal(select(3, io.open("no/such")), 2)
  equal({ io.open(("x"):rep(300)) }, { nil, ("x"):rep(300) .. ": File name too long", 36 })
  raises("attempt to use a closed file", file.write, file, "x")
  raises("bad argument #1 to 'write'", io.write, {})
end)

test("io.tmpfile() is a file that nobody else sees", function()
  local file = io.tmpfile()
  file:write("abc")
  file:seek("set")
  equal(file:read("a"), "abc")
  file:close()
end)
