-- Deploys the site in ./site, the way people do it by hand: every version gets a folder of its own under
-- releases/, and the link `current` moves to the new one in a single step. What is deployed is kept in the state,
-- so that the same version is not deployed twice, whoever starts this and however often.
--
--   runner run deploy.lua                         deploys v1.2.3
--   runner run deploy.lua                         v1.2.3 is current: nothing to do
--   runner run deploy.lua --set version=v1.3.0    deploys v1.3.0
--
-- Where to: --set target=/var/www/site   (./deployed without it)

local version = values.version or "v1.2.3"
local target = values.target or "deployed"
local release = target .. "/releases/" .. version
local link = target .. "/current"

-- One hash over the names and contents of all files of a folder.
local function fingerprint(folder)
  local lines = {}
  for _, path in ipairs(fs.glob(folder .. "/**/*")) do
    lines[#lines + 1] = path:sub(#folder + 2) .. " " .. fs.hash(path)
  end
  return crypto.sha256(table.concat(lines, "\n")), #lines
end

local function deploy()
  local before = state.get("deploy:version")
  if before == version and fs.exists(link) then
    return true, version .. " is current, nothing to do"
  end

  -- Copied beside and moved into place whole: a deployment that is killed leaves no half of a release.
  local wanted, files = fingerprint("site")
  if not fs.exists(release) or fingerprint(release) ~= wanted then
    local incoming = target .. "/releases/.incoming"
    fs.remove(incoming)
    fs.mkdir(target .. "/releases")
    fs.copy("site", incoming)
    fs.remove(release)
    fs.move(incoming, release)
  end
  fs.symlink("releases/" .. version, link)

  local found = fingerprint(link)
  if found ~= wanted then
    return false, "the files behind " .. link .. " are not those of site"
  end

  -- All or nothing: version, time, history and count always tell the same story.
  local history = state.get("deploy:history", {})
  history[#history + 1] = { version = version, time = os.time(), sha256 = found }
  state.set_many({
    ["deploy:version"] = version,
    ["deploy:time"] = os.date("!%Y-%m-%dT%H:%M:%SZ"),
    ["deploy:history"] = history,
    ["deploy:count"] = state.get("deploy:count", 0) + 1,
  })
  return true, ("%s → %s, %d files, sha256 matches"):format(before or "nothing", version, files)
end

task("deploy")
  :description("Deploy the site unless this version is current")
  :command(function()
    return state.with_lock("deploy", deploy, 60)
  end)
