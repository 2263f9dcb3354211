-- What is to be shown stands beside each call, after an arrow; scripts.test.ts compares it with what was.
local t = require("harness")
local test, raises = t.test, t.raises

test("log.debug() is not shown unless it is asked for", function()
  log.debug("hidden")
  raises("log.debug: argument 2 (fields): expected a table, got 5", log.debug, "x", 5)
end)

test("log.info() shows any value, and fields in the order of their names", function()
  log.info("deployed", { version = "v1", files = 3 }) --> info  deployed files=3 version=v1
  log.info({ b = { 1, 2.0, true }, a = "x" }) --> info  {a="x", b={1, 2.0, true}}
  log.info(nil) --> info  nil
  log.info("a\255\0") --> info  a\xff\x00
  log.info({ print, [3] = json.null }) --> info  {[1]=a function, [3]=json.null}
  local cycle = {}
  cycle.self = cycle
  log.info(cycle) --> info  {self=a cycle}
  raises("log.info: argument 2 (fields): expected a table", log.info, "x", "y")
end)

test("log.warn() lets values print themselves", function()
  log.warn(setmetatable({}, { __tostring = function() return "myself" end })) --> warn  myself
  log.warn("lost", { why = select(2, pcall(state.need, "k")) }) --> warn  lost why=Cannot find "k" in the state. Set it first, or give a default.
  raises("log.warn: argument 2 (fields): expected a table, got true", log.warn, "x", true)
end)

test("log.error() masks secrets by their names and where they turn up", function()
  state.set("api_token", "tok-123456")
  state.set("deep", { password = "hunter22", user = "bo" })
  log.error("with " .. state.get("api_token") .. " and " .. state.get("deep").password) --> error with •••••••• and ••••••••
  log.error({ list = { { my_secret = 1 } } }, { Password = "x", user = "bo" }) --> error {list={{my_secret=••••••••}}} Password=•••••••• user=bo
  log.error(os.getenv("MY_TOKEN") .. "/" .. env.require("MY_TOKEN")) --> error ••••••••/••••••••
  raises("log.error: argument 2 (fields): expected a table", log.error, "x", {1})
end)
