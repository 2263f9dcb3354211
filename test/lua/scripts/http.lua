-- scripts.test.ts says in TEST_SERVER where a server is that tells what it was asked.
local t = require("harness")
local test, equal, raises, fails = t.test, t.equal, t.raises, t.fails
local url = env.require("TEST_SERVER") .. "/echo"
local nobody = "http://127.0.0.1:1/"

test("http.get() gives status, headers, body and JSON", function()
  local r = http.get(url, { query = { q = "ü&", n = 1, b = true }, headers = { ["X-Test"] = 5 } })
  equal({ r.status, r.ok, r.json.method, r.json.query, r.json.test }, { 200, true, "GET", { q = "ü&", n = "1", b = "true" }, "5" })
  equal(r.headers["content-type"]:match("^application/json"), "application/json")
  fails("unavailable", http.get, nobody)
  raises("expected a URL that begins with http:// or https://", http.get, "ftp://x/")
end)

test("http.get() and http.post() write whole numbers in full, and a form in the order of its names", function()
  local number = 9007199254740993
  local r = http.post(url, { query = { n = number }, headers = { ["X-Test"] = number }, form = { b = number, a = 1, c = 2.5 } })
  equal({ r.json.query.n, r.json.test, r.json.body }, { "9007199254740993", "9007199254740993", "a=1&b=9007199254740993&c=2.5" })
end)

test("http.head() has no body", function()
  local r = http.head(url)
  equal({ r.status, r.body, r.json }, { 200, "" })
  fails("unavailable", http.head, nobody)
end)

test("http.post() sends JSON, a form or bytes, and one of them only", function()
  equal(http.post(url, { json = { list = json.list(), n = 9007199254740993 } }).json.body, '{"list":[],"n":9007199254740993}')
  equal(http.post(url, { form = { a = "b c" } }).json.body, "a=b+c")
  equal(http.post(url, { body = "raw", headers = { ["Content-Type"] = "text/x" } }).json.type, "text/x")
  raises('fields "body" and "json": only one of them can be sent', http.post, url, { body = "", json = 1 })
end)

test("http.put(), http.patch() and http.delete() send their method", function()
  for _, name in ipairs({ "put", "patch", "delete" }) do
    equal(http[name](url, { body = "x" }).json.method, name:upper())
    fails("unavailable", http[name], nobody)
  end
end)

test("http.request() takes all of it as a table", function()
  equal(http.request({ method = "options", url = url }).json.method, "OPTIONS")
  equal(http.request({ url = url }).json.method, "GET")
  raises('http.request: argument 1, field "url": expected a string, got nothing', http.request, {})
end)

test("http.request() sends only the methods that there are, and GET no body", function()
  for _, method in ipairs({ "FOO", "", "GET /x" }) do
    raises('field "method": expected one of GET, HEAD', http.request, { url = url, method = method })
  end
  raises('field "body": a GET request has no body', http.get, url, { body = "x" })
  raises('field "json": a HEAD request has no body', http.head, url, { json = {} })
  raises("the connection was refused", http.get, nobody)
end)

test("http.get() raises for another status with check alone", function()
  local none = url:gsub("echo", "none")
  equal({ http.get(none).status, http.get(none).ok }, { 404, false })
  raises("it answered 404", http.get, none, { check = true })
end)

test("http.get() gives every cookie that is set, in a list", function()
  local r = http.get(env.require("TEST_SERVER") .. "/cookies")
  equal(r.headers["set-cookie"], { "a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT", "b=2" })
end)
