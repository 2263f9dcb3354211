local t = require("harness")
local equal, raises = t.equal, t.raises

-- On Linux names are bytes; other systems refuse such a name, or change it.
local function test_names(title, fn)
  t.test(title, function() if fs.exists("/proc/self") then fn() end end)
end

local NAME = "a\xff.txt"

local function with_folder(fn)
  return function()
    fs.mkdir("dir\xfe")
    fs.write("dir\xfe/" .. NAME, "one")
    fs.write("dir\xfe/b.txt", "two")
    fn()
    fs.remove("dir\xfe")
  end
end

-- Counted by who runs this file: a line that begins so is one test.
local test = test_names

test("fs.list() gives names that are not UTF-8 as their bytes, and they open the same file", with_folder(function()
  equal(fs.list("dir\xfe"), { NAME, "b.txt" })
  local path = fs.join("dir\xfe", fs.list("dir\xfe")[1])
  equal({ fs.read(path), fs.stat(path).size, fs.exists(path), fs.is_file(path) }, { "one", 3, true, true })
  equal({ fs.basename(path), fs.dirname(path) }, { NAME, "dir\xfe" })
  equal(fs.hash(path), crypto.sha256("one"))
end))

test("fs.glob() gives names that are not UTF-8 as their bytes", with_folder(function()
  equal(fs.glob("dir*/*.txt"), { "dir\xfe/" .. NAME, "dir\xfe/b.txt" })
end))

test("fs.glob(), exec.run() and cmd() work in a folder whose name is not UTF-8", with_folder(function()
  equal(fs.glob("*.txt", { cwd = "dir\xfe" }), { NAME, "b.txt" })
  equal(exec.run({ "cat", "b.txt" }, { cwd = "dir\xfe" }).stdout, "two")
  equal(exec.output("cat *.txt; pwd", { cwd = "dir\xfe" }):sub(1, 6), "onetwo")
  equal({ cmd{ command = "cat b.txt", cwd = "dir\xfe" }.stdout, cmd{ command = "true", creates = "dir\xfe/" .. NAME }.changed }, { "two", false })
  raises('Cannot work in "none\u{fffd}": no such file or directory', exec.run, "true", { cwd = "none\xfe" })
  raises("no such file or directory", fs.glob, "*", { cwd = "none\xfe" })
  raises('argument 1, item 2: expected a string or a number, got a string that is not UTF-8', exec.run, { "echo", "\xff" })
  raises('field "dest": expected a string, got a string that is not UTF-8', file.copy, { content = "", dest = NAME })
end))

test("fs.copy(), move() and remove() take names that are not UTF-8, and what holds them", with_folder(function()
  fs.copy("dir\xfe", "copy")
  equal(fs.list("copy"), { NAME, "b.txt" })
  fs.move("copy/" .. NAME, "moved\xfd")
  equal({ fs.read("moved\xfd"), fs.list("copy") }, { "one", { "b.txt" } })
  equal({ fs.remove("moved\xfd"), fs.exists("moved\xfd"), fs.remove("copy") }, { true, false, true })
end))

test("fs.write() and fs.symlink() make names that are not UTF-8", function()
  fs.write("atomic\xff", "x", { atomic = true, mode = "0600" })
  fs.symlink("atomic\xff", "link\xfe")
  equal({ fs.stat("link\xfe").target, fs.read("link\xfe"), fs.stat("atomic\xff").mode }, { "atomic\xff", "x", "0600" })
  equal(fs.real("link\xfe"):sub(-7), "atomic\xff")
  equal({ fs.remove("link\xfe"), fs.remove("atomic\xff") }, { true, true })
end)

test("io.open(), io.lines(), os.rename() and os.remove() take names that are not UTF-8", function()
  local f = io.open("io\xff", "w")
  f:write("line\n")
  f:close()
  for line in io.lines("io\xff") do equal(line, "line") end
  equal({ os.rename("io\xff", "io\xfe"), fs.exists("io\xff"), os.remove("io\xfe") }, { true, false, true })
  equal({ select(3, os.remove("io\xfe")) }, { 2 })
end)

test("fs.remove() keeps the folder of the script, whatever bytes lead to it", function()
  raises("it is, or holds, the folder that the script works in", fs.remove, "x\xff/..")
end)
