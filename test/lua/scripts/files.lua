local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails

test("fs.read() refuses what is no file, and takes the name of older scripts", function()
  fs.write("empty", "")
  equal({ fs.read("empty"), fs.read_file("empty") }, { "", "" })
  raises('Cannot read "none": no such file or directory', fs.read, "none")
end)

test("fs.write() names the path that it cannot write", function()
  fails("not_found", fs.write, "no/such/folder", "x")
  raises("fs.write: argument 2 (content): expected a string", fs.write, "x", { 1 })
  equal(fs.write_file("w", "1"), true)
end)

test("fs.append() adds to the end, and begins what is not there", function()
  equal({ fs.append("log", "a"), fs.append("log", "\0b") }, { true, true })
  equal(fs.read("log"), "a\0b")
  fails("not_found", fs.append, "no/such/folder", "x")
end)

test("fs.exists(), fs.is_file() and fs.is_dir() follow links", function()
  fs.mkdir("kinds/d")
  fs.write("kinds/f", "")
  fs.symlink("f", "kinds/to-f")
  fs.symlink("nowhere", "kinds/dangling")
  local function kinds(path)
    return { fs.exists(path), fs.is_file(path), fs.is_dir(path) }
  end
  equal(kinds("kinds/f"), { true, true, false })
  equal(kinds("kinds/d"), { true, false, true })
  equal(kinds("kinds/to-f"), { true, true, false })
  equal(kinds("kinds/dangling"), { false, false, false })
  for _, name in ipairs({ "exists", "is_file", "is_dir" }) do
    raises("fs." .. name .. ": argument 1 (path): expected a string, got nothing", fs[name])
  end
end)

test("fs.stat() tells a link from what it leads to, and nil of nothing", function()
  fs.write("s", "abc", { mode = "0640" })
  local stat = fs.stat("s")
  equal({ stat.type, stat.size, stat.mode, stat.target }, { "file", 3, "0640" })
  assert(math.abs(stat.modified - time.now()) < 60)
  fs.symlink("s", "to-s")
  equal({ fs.stat("to-s").type, fs.stat("to-s").target, fs.stat(".").type, fs.stat("none") }, { "link", "s", "directory" })
  fails("bad_argument", fs.stat, 5)
end)

test("fs.mkdir() makes those above, and is content with what is there", function()
  equal({ fs.mkdir("m/n/o"), fs.mkdir("m/n/o"), fs.mkdir_p("m") }, { true, true, true })
  fs.write("m/file", "")
  raises("Cannot make", fs.mkdir, "m/file/below")
end)

test("fs.remove() tells whether there was something, and removes a link alone", function()
  fs.mkdir("r/inner")
  fs.symlink("r", "to-r")
  equal({ fs.remove("to-r"), fs.exists("r/inner"), fs.remove("r"), fs.remove("r") }, { true, true, true, false })
  fails("denied", fs.remove, "./.")
end)

test("fs.copy() copies folders whole, and says what is missing", function()
  fs.mkdir("c/inner")
  fs.write("c/inner/f", "1", { mode = "0600" })
  equal(fs.copy("c", "c2"), true)
  equal({ fs.read("c2/inner/f"), fs.stat("c2/inner/f").mode }, { "1", "0600" })
  fails("not_found", fs.copy, "none", "x")
end)

test("fs and file say of a folder that it is one", function()
  fs.mkdir("one")
  raises('Cannot read "one": it is a folder', fs.read, "one")
  raises('Cannot read "one": it is a folder', file.copy, { src = "one", dest = "x" })
  raises('Cannot look at "a', fs.is_file, "a\0")
end)

test("fs.copy() leaves links what they are: those of a folder lead into the copy", function()
  fs.mkdir("site/v1")
  fs.write("site/v1/page", "old")
  fs.symlink("v1/page", "site/current")
  fs.copy("site", "release/1")
  equal(fs.stat("release/1/current").target, "v1/page")
  fs.copy("site/current", "site/latest")
  equal(fs.stat("site/latest").target, "v1/page")
end)

test("what writes a file makes the one that a link names, where there is none", function()
  fs.mkdir("to")
  fs.symlink("to/made", "leads")
  for _, write in ipairs({
    function() file.copy({ content = "x", dest = "leads" }) end,
    function() fs.write("leads", "x") end,
    function() fs.write("leads", "x", { atomic = true }) end,
    function() fs.copy("site/v1/page", "leads") end,
  }) do
    write()
    equal({ fs.stat("leads").type, fs.is_file("to/made") }, { "link", true })
    fs.remove("to/made")
  end
end)

test("fs.move() replaces a file, and says what is missing", function()
  fs.write("mv1", "1")
  fs.write("mv2", "2")
  equal(fs.move("mv1", "mv2"), true)
  equal({ fs.read("mv2"), fs.exists("mv1") }, { "1", false })
  fails("not_found", fs.move, "none", "x")
end)

test("fs.symlink() refuses a place that does not exist", function()
  equal(fs.link("target", "lnk"), true)
  fails("not_found", fs.symlink, "x", "no/such/folder")
end)

test("fs.chmod() takes octal text", function()
  fs.write("ch", "")
  equal(fs.chmod("ch", "600"), true)
  equal(fs.stat("ch").mode, "0600")
  raises('fs.chmod: mode: expected octal digits such as "0644", got "rw"', fs.chmod, "ch", "rw")
  fails("not_found", fs.chmod, "none", "0644")
end)

test("fs.list() gives sorted names, hidden ones too", function()
  fs.mkdir("l")
  equal(json.encode(fs.list("l")), "[]")
  fs.write("l/b", "")
  fs.write("l/.a", "")
  equal({ fs.list("l"), fs.readdir("l") }, { { ".a", "b" }, { ".a", "b" } })
  fails("not_found", fs.list, "none")
end)

test("fs.glob() starts from cwd when that is given", function()
  fs.mkdir("g/h")
  fs.write("g/h/x.lua", "")
  equal({ fs.glob("**/*.lua", { cwd = "g" }), fs.glob("{x,y}.lua", { cwd = "g/h" }) }, { { "h/x.lua" }, { "x.lua" } })
  raises('field "dir": not an option', fs.glob, "*", { dir = "g" })
end)

test("fs.tempdir() is a new folder each time", function()
  local a, b = fs.tempdir(), fs.tempdir()
  assert(a ~= b and fs.is_dir(a))
  equal({ fs.stat(a).mode, fs.remove(a), fs.remove(b) }, { "0700", true, true })
end)

test("fs.hash() raises for what is no file", function()
  fs.write("h", "")
  equal(fs.hash("h", "sha1"), "da39a3ee5e6b4b0d3255bfef95601890afd80709")
  fails("not_found", fs.hash, "none")
end)

test("fs.real() follows links to an absolute path", function()
  fs.write("real", "")
  fs.symlink("real", "to-real")
  equal(fs.real("to-real"), fs.real(".") .. "/real")
  fails("not_found", fs.real, "none")
end)

test("fs.join(), fs.basename() and fs.dirname() work on text alone", function()
  equal({ fs.join("a", "..", "b"), fs.join(), fs.join("/a", "/b") }, { "b", ".", "/a/b" })
  equal({ fs.basename("/a/b.txt"), fs.basename("a/"), fs.basename("") }, { "b.txt", "a", "" })
  equal({ fs.dirname("/a/b"), fs.dirname("a"), fs.dirname("/") }, { "/a", ".", "/" })
  raises("fs.join: argument 2 (parts): expected a string, got 5", fs.join, "a", 5)
  raises("fs.basename: argument 1", fs.basename, {})
  raises("fs.dirname: argument 1", fs.dirname, {})
end)

test("file.copy() replaces in one step, keeps links, and needs a source", function()
  fs.write("src", "1\n")
  equal(file.copy({ src = "src", dest = "made", mode = 644 }).diff, "--- made\n+++ made\n@@ -0,0 +1,1 @@\n+1")
  equal(fs.stat("made").mode, "0644")
  fs.symlink("made", "to-made")
  equal(file.copy({ content = "2\n", dest = "to-made" }).changed, true)
  equal({ fs.read("made"), fs.stat("to-made").type }, { "2\n", "link" })
  fs.chmod("made", "0666")
  file.copy({ content = "3\n", dest = "made" })
  equal(fs.stat("made").mode, "0666")
  fs.write("made", "2\n")
  equal(file.copy({ content = "\255", dest = "made" }).diff, "made: 2 → 1 bytes")
  raises('expected one of the fields "src" and "content"', file.copy, { dest = "x" })
  fails("not_found", file.copy, { src = "none", dest = "x" })
  fails("not_found", file.copy, { content = "", dest = "no/such/folder" })
end)

test("file.copy() tells when others have changed the file since", function()
  local function copy() return file.copy({ content = "ours\n", dest = "drifting" }) end
  equal({ copy().drift, copy().drift }, { false, false })
  fs.write("drifting", "theirs\n")
  local result = copy()
  equal({ result.changed, result.drift, copy().drift }, { true, true, false })
  fs.remove("drifting")
  equal({ copy().drift, fs.read("drifting") }, { true, "ours\n" })
  equal(file.line({ path = "drifting", line = "more" }).drift, false)
  equal({ file.remove({ path = "drifting" }).drift, copy().drift }, { false, false })
  equal(state.keys(), json.list())
end)

test("file.template() takes a file, and changes nothing when it cannot render", function()
  fs.write("x.tmpl", "{% for p in ports %}{{ p }}\n{% endfor %}")
  equal(file.template({ src = "x.tmpl", vars = { ports = { 1, 2 } }, dest = "ports" }).changed, true)
  equal(fs.read("ports"), "1\n2\n")
  raises('line 1, column 13: there is no variable "ports"', file.template, { src = "x.tmpl", dest = "ports" })
  equal(fs.read("ports"), "1\n2\n")
end)

test("file.line() takes the place of what begins with a prefix", function()
  fs.write("conf", "a=1\n#b=1\nb=1")
  equal(file.line({ path = "conf", line = "b=2", prefix = "b=" }).changed, true)
  equal(fs.read("conf"), "a=1\n#b=1\nb=2\n")
  equal(file.line({ path = "conf", line = "b=2", prefix = "b=" }).changed, false)
  equal(file.line({ path = "new-conf", line = "x" }).changed, true)
  raises('field "line": expected one line', file.line, { path = "conf", line = "a\nb" })
  raises('field "state": expected "present" or "absent"', file.line, { path = "conf", line = "a", state = "gone" })
end)

test("file.block() finds its own markers, and raises when one is missing", function()
  local function block(text) return file.block({ path = "hosts", block = text, marker = "# {mark} app" }) end
  fs.write("hosts", "first\n")
  equal({ block("a\nb").changed, block("a\nb").changed, block("c").changed }, { true, false, true })
  equal(fs.read("hosts"), "first\n# BEGIN app\nc\n# END app\n")
  fs.write("hosts", "# BEGIN app\n")
  raises("Cannot find the end of the block", block, "d")
  raises('field "marker"', file.block, { path = "hosts", block = "", marker = "no mark" })
end)

test("file.block() refuses a block that has its own markers in it", function()
  for _, line in ipairs({ "# END runner", "# BEGIN runner", "# END runner\r" }) do
    raises('field "block": it has the line "# ', file.block, { path = "marked", block = "a\n" .. line .. "\nb" })
  end
  assert(file.block({ path = "marked", block = "# END runner", marker = "; {mark}" }).changed)
end)

test("file.template() loops over a table in the order of its names", function()
  local vars, lines = { a = {} }, {}
  for i = 10, 60 do
    vars.a["key" .. i] = i
    lines[#lines + 1] = "key" .. i
  end
  file.template({ text = "{% for kv in a %}{{ kv[0] }}\n{% endfor %}", vars = vars, dest = "looped" })
  equal(fs.read("looped"), table.concat(lines, "\n") .. "\n")
end)

test("file.directory() sets the mode of what is there, and refuses a file's place", function()
  equal({ file.directory({ path = "dir", mode = "0750" }).changed, file.directory({ dest = "dir", mode = "0700" }).diff }, { true, "mode 0750 → 0700" })
  fs.write("plain", "")
  raises("Cannot make the folder \"plain\": a file is there", file.directory, { path = "plain" })
end)

test("file.remove() is content with nothing, and keeps the script's folder", function()
  fs.mkdir("gone/inner")
  equal({ file.remove({ path = "gone" }).diff, file.remove({ path = "gone" }).changed }, { "gone: removed", false })
  fails("denied", file.remove, { path = "." })
  fails("bad_argument", file.remove, {})
end)

test("file.line() and file.block() make no file for what is to be absent", function()
  equal(file.line({ path = "no-conf", line = "x", state = "absent" }).changed, false)
  equal(file.block({ path = "no-conf", state = "absent" }).changed, false)
  equal(fs.exists("no-conf"), false)
end)

test("file.line() removes what matches without a line", function()
  fs.write("matching", "a=1\nb=2\n")
  equal(file.line({ path = "matching", match = "a=", state = "absent" }).changed, true)
  equal(fs.read("matching"), "b=2\n")
  raises('expected the field "line"', file.line, { path = "matching", state = "absent" })
  raises('expected the field "line"', file.line, { path = "matching", match = "b" })
end)

test("file.line() and file.block() keep the line ends of Windows", function()
  fs.write("crlf", "a\r\nb=1\r\n")
  equal(file.line({ path = "crlf", line = "a" }).changed, false)
  equal(file.line({ path = "crlf", line = "b=2", prefix = "b=" }).changed, true)
  equal(file.block({ path = "crlf", block = "x\ny" }).changed, true)
  equal(file.block({ path = "crlf", block = "x\ny" }).changed, false)
  equal(fs.read("crlf"), "a\r\nb=2\r\n# BEGIN runner\r\nx\r\ny\r\n# END runner\r\n")
  file.block({ path = "crlf", state = "absent" })
  file.line({ path = "crlf", line = "a", state = "absent" })
  equal(fs.read("crlf"), "b=2\r\n")
end)

test("fs and file refuse a path with a NUL byte", function()
  for _, name in ipairs({ "read", "list", "mkdir", "remove", "hash", "stat" }) do
    fails("bad_argument", fs[name], "a\0b")
    raises("a path must not have a NUL byte", fs[name], "a\0b")
  end
  raises("a path must not have a NUL byte", file.copy, { content = "", dest = "a\0b" })
end)

test("fs.copy() says what stands in the way of a file or a folder", function()
  fs.mkdir("in-the-way")
  fs.write("in-the-way.txt", "x")
  raises('Cannot copy "in-the-way.txt": a folder is there', fs.copy, "in-the-way.txt", "in-the-way")
  raises('Cannot copy "in-the-way": a file is there', fs.copy, "in-the-way", "in-the-way.txt")
end)

test("file.copy() gives a file the mode that it is told, and tells of a change", function()
  file.copy({ content = "x", dest = "moded", mode = "0664" })
  equal(fs.stat("moded").mode, "0664")
  assert(file.copy({ content = "y", dest = "moded", mode = "0600" }).diff:find("mode 0664 → 0600", 1, true))
  equal(fs.stat("moded").mode, "0600")
end)

test("file.copy() and file.template() leave nothing behind when the owner is nobody", function()
  raises('no user is called "no-such-user"', file.copy, { content = "x", dest = "unowned", owner = "no-such-user" })
  raises('no user is called "no-such-user"', file.template, { text = "x", dest = "unowned", owner = "no-such-user" })
  equal(fs.glob("unowned*"), {})
end)

test("a name with a NUL byte is refused wherever a script names a file, and none is opened by its beginning", function()
  fs.write("cut", "")
  fs.write("cut.lua", "")
  for _, call in ipairs({ fs.read, io.open, io.lines, io.input, io.output, os.remove, os.rename, loadfile, dofile, import, require }) do
    local message = fails("bad_argument", call, "cut\0.lua", "r")
    assert(message:find("a path must not have a NUL byte", 1, true), message)
  end
  fails("bad_argument", os.rename, "cut", "to\0")
  package.preload.cut = function() end
  fails("bad_argument", require, "cut\0")
  package.preload.cut = nil
  assert(fs.exists("cut"))
end)
