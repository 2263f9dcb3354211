-- Tests in the user's language: each prints one line, which test/lua/scripts.test.ts reads.
local harness = {}

local function show(value)
  local ok, text = pcall(json.encode, value)
  return ok and text or tostring(value)
end

local function same(a, b)
  if rawequal(a, b) or (a ~= a and b ~= b) then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return a == b and math.type(a) == math.type(b) end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

function harness.test(title, fn)
  local ok, err = xpcall(fn, function(err) return debug.traceback(tostring(err), 2) end)
  print((ok and "ok " or "FAILED ") .. title .. (ok and "" or ": " .. err:gsub("\n", " | ")))
end

function harness.equal(got, expected)
  if not same(got, expected) then error("expected " .. show(expected) .. ", got " .. show(got), 2) end
end

-- The call must fail with this text in its message, and with this code when one is given.
function harness.raises(text, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then error("expected an error with " .. show(text), 2) end
  if not tostring(err):find(text, 1, true) then error("expected an error with " .. show(text) .. ", got " .. tostring(err), 2) end
  return err
end

function harness.fails(code, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then error("expected an error of code " .. code, 2) end
  harness.equal(type(err) == "table" and err.code or tostring(err), code)
  return tostring(err)
end

return harness
