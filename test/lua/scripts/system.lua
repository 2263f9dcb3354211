local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails

test("crypto.md5(), crypto.sha1(), crypto.sha256() and crypto.sha512() know the standards' vectors", function()
  equal(crypto.md5(""), "d41d8cd98f00b204e9800998ecf8427e")
  equal(crypto.md5("abc"), "900150983cd24fb0d6963f7d28e17f72")
  equal(crypto.sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d")
  equal(crypto.sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  equal(crypto.sha256("\255\0"), "ea5dbf9596d187e9500f23e9a680109475341cf4e81f7e043f7d97152c10772f")
  equal(crypto.sha512("abc"):sub(1, 32), "ddaf35a193617abacc417349ae204131")
  for _, name in ipairs({ "md5", "sha1", "sha256", "sha512" }) do
    raises("crypto." .. name .. ": argument 1 (text): expected a string, got 5", crypto[name], 5)
  end
end)

test("crypto.hmac() knows the vectors of RFC 4231", function()
  equal(crypto.hmac("sha256", "Jefe", "what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  equal(#crypto.hmac("md5", "\0", ""), 32)
  raises('argument 1 (algorithm): expected "md5", "sha1", "sha256" or "sha512", got "crc"', crypto.hmac, "crc", "k", "t")
end)

test("crypto.base64_encode() and crypto.base64_decode() go there and back with any bytes", function()
  for _, text in ipairs({ "", "f", "fo", "foo", "\0\255\254" }) do
    equal(crypto.base64_decode(crypto.base64_encode(text)), text)
  end
  equal({ crypto.base64_encode("foob"), crypto.base64_decode("Zm9v\nYg"), crypto.base64_decode("_-8") }, { "Zm9vYg==", "foob", "\255\239" })
  raises("crypto.base64_decode: argument 1 (text): expected base64", crypto.base64_decode, "a*b")
  fails("bad_argument", crypto.base64_encode, {})
end)

test("crypto.hex_encode() and crypto.hex_decode() go there and back", function()
  equal({ crypto.hex_encode("\0\255"), crypto.hex_decode("00FF"), crypto.hex_encode("") }, { "00ff", "\0\255", "" })
  raises("expected pairs of hex digits", crypto.hex_decode, "0")
  fails("bad_argument", crypto.hex_encode, {})
end)

test("crypto.uuid() is random, of version 4", function()
  local id = crypto.uuid()
  assert(id:match("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$") and id ~= crypto.uuid(), id)
end)

test("crypto.random_bytes() gives as many as asked for", function()
  equal({ #crypto.random_bytes(0), #crypto.random_bytes(1000) }, { 0, 1000 })
  assert(crypto.random_bytes(16) ~= crypto.random_bytes(16))
  raises("expected a whole number from 0 to 1048576, got 0.5", crypto.random_bytes, 0.5)
end)

test("time.now() has a fraction and goes on", function()
  local before = time.now()
  time.sleep("2ms")
  assert(time.now() > before and math.type(before) == "float")
end)

test("time.sleep() takes seconds or a duration, and nothing else", function()
  equal({ time.sleep(0), time.sleep("0s") }, {})
  raises('time.sleep: argument 1 (seconds): expected a duration such as', time.sleep, "soon")
  fails("bad_argument", time.sleep, -1)
end)

test("time.format() writes any time by strftime, in UTC after a !", function()
  equal(time.format(86399.9, "!%H:%M:%S"), "23:59:59")
  equal(time.format(-1, "!%Y"), "1969")
  assert(time.format():match("^%d+%-%d+%-%d+T%d+:%d+:%d+[+-]%d+$"))
  fails("bad_argument", time.format, 0, "%Q")
  fails("bad_argument", time.format, 1e300)
end)

test("time.parse() reads ISO 8601 and the dates of mail", function()
  equal(time.parse("2026-11-21T20:14:07+01:00"), 1795288447)
  equal(time.parse("Thu, 01 Jan 1970 00:00:10 GMT"), 10)
  equal(time.parse(time.format(1795288447)), 1795288447)
  raises('got "2026-13-01"', time.parse, "2026-13-01")
end)

test("env.get() gives the default for what is not set, not for what is empty", function()
  equal({ env.get("NO_SUCH", "x"), env.get("EMPTY", "x"), env.get("HOSTNAME") ~= nil }, { "x", "", true })
  local default = coroutine.create(print)
  equal(rawequal(env.get("NO_SUCH", default), default), true)
  fails("bad_argument", env.get)
end)

test("env.require() raises for what is not set or empty", function()
  equal(env.require("MY_TOKEN"), "sesame99")
  raises('Cannot read the environment variable "NO_SUCH": it is not set. Set it', env.require, "NO_SUCH")
  raises("it is empty", env.require, "EMPTY")
end)

test("env.all() is a table of its own", function()
  local all = env.all()
  all.MY_TOKEN = "changed"
  equal({ env.get("MY_TOKEN"), all.EMPTY, all.NO_SUCH }, { "sesame99", "" })
end)

test("values.require() gives what was set, false too", function()
  equal({ values.version, values.require("version"), values.flag, values.require("flag") }, { "v1", "v1", false, false })
  equal(values.nested.list, nil)
  fails("not_found", values.require, "none")
  equal(require("values"), values)
end)

test("params are the run's values where no task runs", function()
  equal({ params.version, params.none, params().nested.name }, { "v1", nil, "n" })
  local names = {}
  for name in pairs(params) do names[name] = true end
  equal(names, { version = true, flag = true, nested = true })
  raises("Cannot set params.x", function() params.x = 1 end)
  equal(require("params").version, "v1")
end)

test("os.time() takes fields in any range and raises for a missing one", function()
  equal(os.time({ year = 2026, month = 13, day = 1 }), os.time({ year = 2027, month = 1, day = 1 }))
  equal(math.type(os.time()), "integer")
  raises("field 'year' missing in date table", os.time, { month = 1, day = 1 })
end)

test("os.clock() counts processor time", function()
  local before = os.clock()
  for _ = 1, 1e5 do before = before + 0 end
  assert(os.clock() >= before)
end)

test("os.date() writes text or fields, and refuses conversions that there are not", function()
  local fields = os.date("!*t", 86400)
  equal({ fields.year, fields.month, fields.day, fields.hour, fields.wday, fields.yday, fields.isdst }, { 1970, 1, 2, 0, 6, 2, false })
  equal(os.date("!%Y-%m-%d", 0), "1970-01-01")
  equal(os.date("!%EY %Od", 0), "1970 01")
  for _, format in ipairs({ "%Ez", "%Q", "%" }) do raises("expected conversions that strftime knows", os.date, format) end
end)

test("os.difftime() is a float", function()
  equal({ os.difftime(5, 3), os.difftime(1) }, { 2.0, 1.0 })
  raises("os.difftime: argument 1", os.difftime)
end)

test("os.getenv() gives nil for what is not set", function()
  equal({ os.getenv("MY_TOKEN"), os.getenv("EMPTY"), os.getenv("NO_SUCH") }, { "sesame99", "" })
  raises("os.getenv: argument 1 (name): expected a string", os.getenv)
end)

test("os.setlocale() has C alone", function()
  equal({ os.setlocale(), os.setlocale("C"), os.setlocale(""), os.setlocale("de_DE") }, { "C", "C", "C" })
  fails("bad_argument", os.setlocale, 5)
  raises('argument 2 (category): expected "all"', os.setlocale, nil, "foo")
end)

test("os.execute() tells how a command ended", function()
  equal({ os.execute("exit 0") }, { true, "exit", 0 })
  equal(table.pack(os.execute("kill -9 $$")), table.pack(nil, "signal", 9))
  fails("bad_argument", os.execute, {})
end)

test("os.tmpname(), os.rename() and os.remove() give reason and number", function()
  local name = os.tmpname()
  equal({ fs.stat(name).size, os.rename(name, name .. "2"), os.remove(name .. "2") }, { 0, true, true })
  equal(table.pack(os.rename("none", "x")), table.pack(nil, "none: No such file or directory", 2))
  fs.mkdir("full/inner")
  equal((os.remove("full")), nil)
  equal((os.remove("full/inner")), true)
  raises("os.remove: argument 1 (path): expected a string", os.remove)
  raises("os.rename: argument 2 (to): expected a string", os.rename, "x")
end)

test("exec.output() is what is printed, without the last line end", function()
  equal({ exec.output("printf 'a\\nb\\n'"), exec.output({ "printf", "" }) }, { "a\nb", "" })
  raises("ended with exit code 3: why", exec.output, "echo why >&2; exit 3")
end)

test("exec.which() finds programs, or nil", function()
  equal(exec.which("no-such-program"), nil)
  assert(exec.which("/bin/sh"))
  fails("bad_argument", exec.which)
  equal({ exec.which(("x"):rep(5000)), exec.which("/bin/" .. ("x"):rep(5000)), exec.which("a\0b") }, {})
end)

test("exec.run() stops at its timeout, takes another shell and keeps the environment", function()
  equal(exec.run("echo $MY_TOKEN $A", { env = { A = "x" } }).stdout, "sesame99 x\n")
  equal(exec.run("echo $0", { shell = "/bin/sh" }).stdout, "/bin/sh\n")
  equal(exec.command("exit 2").exit_code, 2)
  raises("stopped after 0.05 s", exec.run, "sleep 30 & wait", { timeout = 0.05 })
  fails("not_found", exec.run, "true", { cwd = "no-such-folder" })
  raises("got an empty list", exec.run, {})
end)

test("every module can be required, and a file of its name is not taken for it", function()
  local names = "state State log exec cmd fs file data json yaml toml crypto template http time async env values params os io"
  for name in names:gmatch("%S+") do
    fs.write(name .. ".lua", "error('a file')")
    equal({ name, rawequal(require(name), _G[name]) }, { name, true })
  end
end)

test("cmd() says which agent it does not know", function()
  equal(cmd({ command = "exit 0", delegate_to = "local" }).changed, true)
  raises('field "delegate_to": no agent is called "web9"', cmd, { command = "true", delegate_to = "web9" })
  raises('cmd: argument 1, field "creats": not an option of this function. Did you mean "creates"?', cmd, { command = "true", creats = "x" })
end)

test("task() refuses what is no name", function()
  raises("task: argument 1: expected a name or a table of options, got nil", task)
  raises("task: argument 1: expected a name", task, 5)
end)

test("os.exit() ends the script with a code of its own", function()
  raises("os.exit: argument 1 (code): expected true or false or a whole number", os.exit, "now")
  raises("got 1.5", os.exit, 1.5)
  -- What it does when all is right, test/cli/run-exit.test.ts sees from outside.
end)

test("async.sleep() waits as time.sleep does", function()
  local order = {}
  async.all({
    function() async.sleep(0.01) order[#order + 1] = "late" end,
    function() async.sleep(0) order[#order + 1] = "early" end,
  })
  equal(order, { "early", "late" })
  fails("bad_argument", async.sleep, "soon")
end)

test("exec.run() names the folder that is not there, and says what no command can have", function()
  fails("not_found", exec.run, "true", { cwd = "no-such" })
  raises('no-such: there is no such folder.', exec.run, "true", { cwd = "no-such" })
  for _, call in ipairs({ { "echo a\0b" }, { { "echo", "a\0b" } }, { "true", { env = { A = "b\0c" } } } }) do
    fails("bad_argument", exec.run, table.unpack(call))
  end
end)

test("what a table describes has to be given", function()
  for name, fn in pairs({ cmd = cmd, ["http.request"] = http.request, ["file.copy"] = file.copy, ["template.render"] = template.render }) do
    raises(name .. ": argument 1 (", fn)
    raises("expected a table of options, got nothing", fn)
  end
end)

test("exec.run() refuses names of variables that no environment has", function()
  for _, name in ipairs({ "A=B", "" }) do
    fails("bad_argument", exec.run, "true", { env = { [name] = "x" } })
    fails("bad_argument", cmd, { command = "true", env = { [name] = "x" } })
  end
  raises('field "cwd": a path must not have a NUL byte', exec.run, "true", { cwd = "a\0b" })
end)

test("exec.run() says in its own words why a program cannot be started", function()
  fs.mkdir("folder")
  fs.write("plain", "x")
  raises('Cannot run "no-such-program" in ', exec.run, { "no-such-program" })
  raises(": PATH has no such program. Is it installed and on PATH?", exec.run, { "no-such-program" })
  raises(": no such file or directory. Is it installed and on PATH?", exec.run, { "./none" })
  for _, program in ipairs({ "./folder", "./plain" }) do
    raises(": it is no program, or this user may not run it (its mode).", exec.run, { program })
  end
end)

test("exec.run() and cmd() write whole numbers in full, for words and variables", function()
  for _, number in ipairs({ 9007199254740993, math.maxinteger, math.mininteger }) do
    local text = tostring(number)
    equal(exec.output({ "echo", number }), text)
    equal(exec.output("echo $N", { env = { N = number } }), text)
    equal(cmd({ command = { "sh", "-c", "echo $0 $N", number }, env = { N = number } }).stdout, text .. " " .. text .. "\n")
  end
end)

test("exec.run() names the key among its options that is no text, and writes numbers as Lua does", function()
  raises('argument 2, field "1": not an option', exec.run, "true", { "x" })
  raises('argument 2, field "2": not an option', exec.run, "true", { [2] = 1, check = true })
  raises("got nan", time.sleep, 0 / 0)
  raises("got -inf", time.sleep, -math.huge)
end)
