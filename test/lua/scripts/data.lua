local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails

test("json.decode() keeps lists, also empty ones, and integers whole", function()
  local value = json.decode('{"a":[],"b":{},"n":9223372036854775807,"f":1.0,"x":null}')
  equal(json.encode(value), '{"a":[],"b":{},"f":1.0,"n":9223372036854775807}')
  equal(math.type(value.n), "integer")
  equal(math.type(value.f), "float")
  equal(value.x, nil)
end)

test("json.decode() gives json.null in a list, which encodes back to null", function()
  local list = json.decode("[1,null]")
  assert(list[2] == json.null)
  equal(json.encode(list), "[1,null]")
end)

test("json.decode() says line and column of what is wrong", function()
  raises("line 2, column 5: expected a comma or ], found \"2\"", json.decode, "[\n  1 2]")
  raises("column 8: expected a key", json.decode, '{"a":1,}')
  fails("bad_value", json.decode, "")
  fails("bad_value", json.decode, ("["):rep(1000) .. ("]"):rep(1000))
end)

test("json.decode() takes __proto__ and constructor for keys like any other", function()
  local value = json.decode('{"__proto__":{"a":1},"constructor":2}')
  equal(value.__proto__.a, 1)
  equal(value.constructor, 2)
end)

test("json.encode() names the path of what JSON cannot say", function()
  raises("the value.a[2] is a function", json.encode, { a = { 1, print } })
  raises("the value.n is nan", json.encode, { n = 0 / 0 })
  raises("other keys than text", json.encode, { [10] = 1 })
  raises("not UTF-8", json.encode, "\255")
end)

test("json.encode() takes constructor and __proto__ for names of options that there are not", function()
  raises('field "constructor": not an option of this function', json.encode, 1, { constructor = 1 })
  raises('field "__proto__": not an option', json.encode, 1, { __proto__ = {} })
end)

test("json.encode() indents when asked", function()
  equal(json.encode({ 1 }, { indent = 2 }), "[\n  1\n]")
  equal(json.encode(json.list()), "[]")
end)

test("data.from_json() and data.to_json() have the names of older scripts", function()
  for _, name in ipairs({ "parse_json", "json_decode", "from_json", "decode_json" }) do
    equal(data[name]("[1]"), { 1 })
  end
  for _, name in ipairs({ "to_json", "json_encode", "encode_json" }) do equal(data[name]({ 1 }), "[1]") end
  raises("line 1, column 2", data.from_json, "[")
  raises("the value is a function", data.to_json, print)
end)

test("data.from_yaml(), data.to_yaml(), data.from_toml() and data.to_toml() are those of yaml and toml", function()
  for _, name in ipairs({ "from_yaml", "parse_yaml", "yaml_decode", "decode_yaml" }) do equal(data[name]("a: 1"), { a = 1 }) end
  for _, name in ipairs({ "to_yaml", "yaml_encode", "encode_yaml" }) do equal(data[name]({ a = json.list() }), "a: []\n") end
  for _, name in ipairs({ "from_toml", "parse_toml", "toml_decode" }) do equal(data[name]("a = 1"), { a = 1 }) end
  for _, name in ipairs({ "to_toml", "toml_encode" }) do equal(data[name]({ a = { 1 } }), "a = [ 1 ]\n") end
  raises("Cannot read the YAML: line 1", data.from_yaml, "a: [")
  raises("the value.a is a function", data.to_yaml, { a = print })
  raises("Cannot read the TOML: line 1", data.from_toml, "a =")
  raises("the value.a is a function", data.to_toml, { a = print })
end)

test("json.list() stays a list when it is empty, in every format and in the state", function()
  equal({ json.encode(json.list()), json.encode(json.list({ 1 })), json.encode({}) }, { "[]", "[1]", "{}" })
  equal(yaml.encode({ a = json.decode("[]") }), "a: []\n")
  equal(toml.decode(toml.encode({ a = json.list() })).a, json.list())
  for _, store in ipairs({ state, State }) do
    store.set("list", { empty = json.list(), nested = { json.list() } })
    equal(json.encode(store.get("list")), '{"empty":[],"nested":[[]]}')
    raises("k[2] is json.null", store.set, "k", json.decode("[1,null]"))
  end
  equal(json.encode(data.deep_merge({ a = json.list() }, { b = 1 })), '{"a":[],"b":1}')
  raises("json.list: argument 1 (items): expected a list", json.list, { a = 1 })
end)

test("yaml goes there and back, integers and floats apart", function()
  local text = "a: 9007199254740993\nb: 1.0\nc:\n  - x\nd: []\n"
  equal(yaml.encode(yaml.decode(text)), text)
  equal(yaml.decode("a: ~\nb: [~]").b[1] == json.null, true)
  equal(yaml.decode(""), nil)
  equal(yaml.decode("1: x")[1], "x")
end)

test("json.decode() names a number that begins with a zero", function()
  for _, text in ipairs({ "01", "[1, -00]" }) do raises("a number that begins with a zero too many", json.decode, text) end
end)

test("template.render() writes large integers as JSON, and says where they are too large", function()
  local vars = { n = 9007199254740993, t = { n = math.maxinteger } }
  equal(template.render({ text = "{{ n | json }} {{ t | jsonify }}", vars = vars }), '9007199254740993 {"n":9223372036854775807}')
  for _, text in ipairs({ "{{ n | date: '%Y' }}", "{% for i in (1..n) %}{% endfor %}" }) do
    raises("an integer beyond 2^53 is too large for this", template.render, { text = text, vars = vars })
  end
end)

test("yaml.encode() writes every float as one, and yaml.decode() reads what is marked as one", function()
  for _, float in ipairs({ 1e19, 1e20, 2.0 ^ 53, 1e18, 1e300, 0.5, 1.0, -0.0, math.huge, -math.huge }) do
    local back = yaml.decode(yaml.encode({ v = float })).v
    equal({ math.type(back), back }, { "float", float })
  end
  equal(yaml.encode({ v = 0 / 0 }), "v: .nan\n")
  equal(yaml.decode("[!!float 5, !!float 5.5, !!float .inf, 5]"), { 5.0, 5.5, math.huge, 5 })
end)

test("yaml.decode_all() gives every document", function()
  equal(yaml.decode_all("a: 1\n---\n[]\n---\nb\n"), { { a = 1 }, json.list(), "b" })
  equal(json.encode(yaml.decode_all("")), "[]")
  raises("Cannot read the YAML: line 4, column 1", yaml.decode_all, "a\n---\nb: [\n")
end)

test("yaml.encode() quotes what would read as something else, and names what it cannot say", function()
  local value = { "yes", "1", "null", "a: b", "", "#x", "line\n", "é", true, -0.5, 1e300 }
  equal(yaml.decode(yaml.encode(value)), value)
  raises("the value.f is a function", yaml.encode, { f = print })
end)

test("toml.encode() needs a table with names", function()
  equal(toml.encode({ b = true, a = "x\"y", t = { n = 1.5 } }), 'a = "x\\"y"\nb = true\n\n[t]\nn = 1.5\n')
  fails("bad_value", toml.encode, 5)
  raises("the value.f is a function", toml.encode, { f = print })
end)

test("yaml.decode() says line and column", function()
  raises("Cannot read the YAML: line 2, column 1", yaml.decode, "a: 1\na: 2")
  raises("2 documents", yaml.decode, "a\n---\nb")
  fails("bad_value", yaml.decode, "a: *nowhere")
  raises("line 2, column 4: Unresolved alias", yaml.decode, "a: 1\nb: *nowhere")
  raises("it is nested more than 128 levels deep, or has itself inside", yaml.decode, "a: &x [*x]")
  fails("bad_value", yaml.decode, ("["):rep(100000))
end)

test("yaml.decode() makes no host objects of tags", function()
  local ok, value = pcall(yaml.decode, "!!js/function 'x'")
  assert(not ok or type(value) == "string")
end)

test("toml goes there and back", function()
  local value = toml.decode('a = 9007199254740993\nb = 1.0\n[t]\nd = 2026-11-21\nl = [1, 2]')
  equal(value.a, 9007199254740993)
  equal(math.type(value.b), "float")
  equal(value.t.l, { 1, 2 })
  equal(toml.decode(toml.encode({ x = 1, y = 1.5, s = { z = "t" } })), { x = 1, y = 1.5, s = { z = "t" } })
end)

test("toml.decode() gives dates and times as text, which toml.encode() writes as text", function()
  local dates = "a = 2026-11-21\nb = 2026-11-21T07:32:00Z\nc = 07:32:00\nd = 2026-11-21 07:32:00.5+02:00"
  local value = { a = "2026-11-21", b = "2026-11-21T07:32:00.000Z", c = "07:32:00.000", d = "2026-11-21T07:32:00.500+02:00" }
  equal(toml.decode(dates), value)
  equal(toml.encode({ a = value.a }), 'a = "2026-11-21"\n')
  equal(toml.decode(toml.encode(value)), value)
end)

test("toml.decode() says line and column", function()
  raises("line 2, column 5", toml.decode, "a = 1\nb = \n")
  fails("bad_value", toml.decode, "a = " .. ("["):rep(100000))
  fails("bad_value", toml.encode, { 1, 2 })
end)

test("data.get_path() finds through tables and lists, else gives the default", function()
  local value = { a = { { b = 5 } }, ["x"] = false }
  equal(data.get_path(value, "a[1].b"), 5)
  equal(data.get_path(value, { "a", 1, "b" }), 5)
  equal(data.get_path(value, "a.1.b"), 5)
  equal(data.get_path(value, "a.b.c", "none"), "none")
  equal(data.get_path(value, "x"), false)
end)

test("data.set_path() changes the table itself, making those on the way", function()
  local value = {}
  assert(data.set_path(value, "a.b[1]", 7) == value)
  equal(value, { a = { b = { 7 } } })
  raises("argument 1 (value): expected a table", data.set_path, nil, "a", 1)
end)

test("data.deep_merge() merges tables, replaces lists and leaves its arguments alone", function()
  local first = { a = { b = 1 }, l = { 1, 2 } }
  equal(data.deep_merge(first, { a = { c = 2 }, l = { 3 } }), { a = { b = 1, c = 2 }, l = { 3 } })
  equal(first, { a = { b = 1 }, l = { 1, 2 } })
end)

test("template.render() fills in values, loops and conditions", function()
  local text = "{{ name | upcase }}{% for x in list %} {{ x }}{% endfor %}{% if on %} on{% endif %} {{ a.b }}"
  equal(template.render({ text = text, vars = { name = "bo", list = { 1, 2.0 }, on = true, a = { b = 3 } } }), "BO 1 2.0 on 3")
  equal(template.render({ text = "{{ port | default: 80 }}" }), "80")
end)

test("template.render() raises for an unknown name, filter or file, with the line", function()
  raises('line 2, column 4: there is no variable "nope"', template.render, { text = "a\n{{ nope }}" })
  raises('there is no filter "nope"', template.render, { text = "{{ 1 | nope }}" })
  fails("not_found", template.render, { src = "none.tmpl" })
  fails("bad_value", template.render, { text = "{% include 'harness.lua' %}" })
  raises("expected one of the fields", template.render, {})
end)

test("template.render() reaches nothing of the host", function()
  for _, path in ipairs({ "v.constructor", "v.__proto__", "v.toString", "l.constructor", "constructor" }) do
    fails("bad_value", template.render, { text = "{{ " .. path .. " }}", vars = { v = {}, l = { 1 } } })
  end
end)

test("data.deep_merge() replaces lists, and refuses a table that contains itself", function()
  equal(data.deep_merge({ 1, 2, 3 }, { 4 }), { 4 })
  equal(data.deep_merge({ a = 1 }, { 4 }), { 4 })
  equal(data.deep_merge({}, { a = 1 }), { a = 1 })
  local circle, shared = {}, { 1 }
  circle.inner = { circle }
  raises("a table contains itself", data.deep_merge, circle)
  raises("a table contains itself", data.deep_merge, { a = 1 }, circle)
  equal(data.deep_merge({ a = shared, b = shared }), { a = { 1 }, b = { 1 } })
end)

test("template.render() prints tables as JSON and computes with big integers", function()
  equal(template.render({ text = "{{ t }} {{ t.a }}", vars = { t = { a = 1, b = { 2, 3 } } } }), '{"a":1,"b":[2,3]} 1')
  local big = { n = 9007199254740993 }
  equal(template.render({ text = "{{ n | plus: 1 }} {{ n | minus: 1 }} {{ 5 | plus: 1 }}", vars = big }), "9007199254740994 9007199254740992 6")
  raises("column 1: division by zero.", template.render, { text = "{{ n | divided_by: 0 }}", vars = big })
end)

test("template.render() refuses what takes too much", function()
  raises("it makes more than 4000000 characters or items", template.render, { text = "{% for i in (1..20000000) %}{% endfor %}" })
  fails("too_large", template.render, { text = ("x"):rep(16000001) })
end)

test("json, yaml and toml refuse integers beyond 64 bits", function()
  raises("18446744073709551616: it does not fit into 64 bits", json.decode, "[18446744073709551616]")
  raises("18446744073709551616: it does not fit into 64 bits", yaml.decode, "a: 18446744073709551616")
  raises("18446744073709551616: it does not fit into 64 bits", toml.decode, "a = 18446744073709551616")
  equal(json.decode("9223372036854775807"), math.maxinteger)
end)

test("toml.encode() names json.null in a list, and leaves out a field of it", function()
  raises("the value.a[1] is json.null", toml.encode, { a = { json.null } })
  equal(toml.encode({ a = json.null, b = 1 }), "b = 1\n")
end)

test("yaml.decode() applies merge keys, and yaml.encode() quotes what would be one", function()
  equal(json.encode(yaml.decode("a: &x {b: 1, d: 1}\nc: {<<: *x, d: 2}").c), '{"b":1,"d":2}')
  equal(json.encode(yaml.decode(yaml.encode({ ["<<"] = { a = 1 } }))), '{"<<":{"a":1}}')
  raises("Merge sources must be maps", yaml.decode, "<<: 3")
end)

test("toml.encode() keeps the sign of -0.0", function()
  equal(toml.encode({ d = -0.0, e = 0.0 }), "d = -0.0\ne = 0.0\n")
end)

test("json.decode() refuses half of a surrogate pair, and takes whole ones", function()
  raises("line 2, column 3: half of a surrogate pair", json.decode, '[\n "\\ud800"]')
  raises("line 1, column 3: half of a surrogate pair", json.decode, '["\\udc00\\ud800"]')
  equal(json.decode('["\\ud83d\\ude00", "\\\\ud800"]'), { "😀", "\\ud800" })
end)

test("json.decode() and yaml.decode() say where an integer does not fit and where JSON nests too deep", function()
  raises("line 2, column 2: the integer 99999999999999999999: it does not fit", json.decode, '["\\"9",\n 99999999999999999999]')
  raises("line 1, column 129: it is nested more than 128 levels deep", json.decode, ("["):rep(200) .. ("]"):rep(200))
  raises("line 2, column 4: the integer 99999999999999999999: it does not fit", yaml.decode, "a: 1\nb: 99999999999999999999")
end)

test("template.render() says that templates cannot include others, and refuses to divide by zero", function()
  raises("a template cannot include others", template.render, { text = "{% include 'x' %}" })
  raises("a template cannot include others", template.render, { text = "{% render 'x' %}" })
  raises("division by zero", template.render, { text = "{{ a | divided_by: 0 }}", vars = { a = 1 } })
  raises("division by zero", template.render, { text = "{{ a | modulo: b }}", vars = { a = 1, b = 0.0 } })
end)

test("toml.decode() says where an integer does not fit, and takes keys, texts and comments for none", function()
  local doesnt = ": it does not fit into 64 bits"
  raises("line 3, column 9: the integer 99999999999999999999" .. doesnt, toml.decode, "a = 1\n[t]\nb = [1, 99999999999999999999]")
  raises("line 1, column 5: the integer -9_9999999999999999999" .. doesnt, toml.decode, "a = -9_9999999999999999999")
  raises("line 4, column 5: the integer 0xFFFFFFFFFFFFFFFFFF" .. doesnt, toml.decode, 's = """\n99999999999999999999\n"""\na = 0xFFFFFFFFFFFFFFFFFF')
  raises("line 3, column 60: the integer 88888888888888888888" .. doesnt, toml.decode,
    "[99999999999999999999] # 99999999999999999999\n99999999999999999999 = 1\n'=' = { 99999999999999999999 = '99999999999999999999', b = 88888888888888888888 }")
  equal(toml.decode("a = 0x7FFFFFFFFFFFFFFF\nb = -9223372036854775808"), { a = math.maxinteger, b = math.mininteger })
  equal(toml.decode("a = 99999999999999999999.0"), { a = 1e20 })
  for _, decode in ipairs({ json.decode, yaml.decode, function(text) return toml.decode("a = " .. text) end }) do
    raises("the integer 9999999999999999999999999999999999999…" .. doesnt, decode, ("9"):rep(1e6))
  end
end)

test("yaml.decode() and toml.decode() nest as deep as json.decode(), and say where it is deeper", function()
  local too_deep = ": it is nested more than 128 levels deep"
  local function nested(n, open, close) return open:rep(n) .. (close or ""):rep(n) end
  yaml.decode(nested(128, "[", "]"))
  yaml.decode(nested(128, "- "))
  raises("line 1, column 129" .. too_deep, yaml.decode, nested(129, "[", "]"))
  raises("line 2, column 257" .. too_deep, yaml.decode, "# lists\n" .. nested(129, "- "))
  raises("line 1, column 129" .. too_deep, yaml.decode, nested(1e6, "["))
  raises("line 1, column 257" .. too_deep, yaml.decode, nested(1e5, "? "))
  fails("bad_value", yaml.decode, "- &a " .. nested(100, "[", "]") .. "\n- " .. nested(50, "[") .. "*a" .. nested(50, "]"))
  toml.decode("a = " .. nested(127, "[", "]"))
  toml.decode("[a" .. nested(126, ".a") .. "]\nb = 1")
  raises("line 1, column 132" .. too_deep, toml.decode, "a = " .. nested(128, "[", "]"))
  raises("line 1, column 132" .. too_deep, toml.decode, "a = " .. nested(1e5, "[", "]"))
  raises("line 2, column 31" .. too_deep, toml.decode, "[a" .. nested(100, ".a") .. "]\nb = " .. nested(50, "[", "]"))
  raises("line 2, column 2" .. too_deep, toml.decode, "a = 1\n[b" .. nested(127, ".a") .. "]")
  raises("line 2, column 1" .. too_deep, toml.decode, "a = 1\nb" .. nested(1e5, ".a") .. " = 1")
  raises("Cannot read the TOML" .. too_deep, toml.decode, "[[a]]\n[[a.b]]\n[[a.b.c]]\n[a" .. nested(42, ".b.c.d") .. "]")
end)

test("yaml.decode() refuses aliases that stand for more than could be held", function()
  for _, shape in ipairs({ "[*a%d,*a%d]", "{x: *a%d, y: *a%d}", "{<<: [*a%d, *a%d]}" }) do
    local lines = { "a0: &a0 {x: 1}" }
    for i = 1, 40 do lines[#lines + 1] = ("a%d: &a%d " .. shape):format(i, i, i - 1, i - 1) end
    raises("Excessive alias count", yaml.decode, table.concat(lines, "\n"))
  end
end)

test("the functions of data raise errors with a code for arguments that they do not take", function()
  fails("bad_argument", data.get_path, {}, 5)
  raises('data.get_path: argument 2 (path): cannot read "a[" from "["', data.get_path, {}, "a[")
  fails("bad_argument", data.get_path, {}, "a[")
  fails("bad_argument", data.set_path, nil, "a", 1)
  fails("bad_argument", data.set_path, {}, "", 1)
  fails("bad_argument", data.deep_merge, 5)
  fails("bad_argument", data.deep_merge, {}, 5)
  local circle = {}
  circle[1] = circle
  fails("bad_value", data.deep_merge, circle)
end)

test("data.set_path() refuses to write over what is no table, and keys that are none", function()
  local value = { a = 1, n = json.null }
  equal(fails("bad_value", data.set_path, value, "a.b", 2), 'Cannot set a field of "a": it is a number, not a table. Remove it before.')
  equal(data.set_path(value, "n.b", 2).n, { b = 2 })
  raises("argument 2 (path): key 2 is nothing", data.set_path, {}, { 1, nil, 3 }, 1)
  raises("argument 2 (path): key 1 is no number", data.set_path, {}, { 0 / 0 }, 1)
end)

test("data.deep_merge() says what it cannot copy for its depth", function()
  local deep = {}
  local at = deep
  for _ = 1, 100000 do at.a = {} at = at.a end
  raises("nested more than 1000 deep", data.deep_merge, deep)
  raises("nested more than 1000 deep", data.deep_merge, { a = {} }, deep)
end)

test("crypto.base64_decode() refuses what ends within a byte", function()
  raises("expected base64", crypto.base64_decode, "a")
  raises("expected base64", crypto.base64_decode, "YWJja")
  equal(crypto.base64_decode("YWI"), "ab")
end)
