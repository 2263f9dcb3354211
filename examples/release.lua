-- A release as a workflow: tasks made step by step, hooks around them, conditions, and what to do when something fails.
--
--   runner run release.lua                            a rehearsal: nothing is published
--   runner run release.lua --env production           with the values of values.production.yaml
--   runner run release.lua --set fail=true            what happens when the check fails
--   runner graph release.lua                          which task waits for which

local version = task("version")
  :description("Find out which version this is")
  :command(function()
    return true, "v" .. state.increment("release:count"), { number = state.get("release:count") }
  end)

local check = task("check")
  :description("Is it fit to be released?")
  :depends_on(version)
  :retries(1, "constant")
  :retry_delay("50ms")
  :timeout("10s")
  :command(function(this)
    if values.fail then
      return false, "found a mistake in attempt " .. this.attempt
    end
  end)
  :on_failure(function(_, _, message)
    log.warn("the release is held back", { reason = message })
  end)

local publish = task("publish")
  :description("Only where there is a target")
  :lock("release")
  :run_if(function()
    return values.target ~= nil, "no target: this is a rehearsal"
  end)
  :command(function(_, params, deps)
    fs.mkdir(values.target.folder)
    fs.write(values.target.folder .. "/VERSION", params.prefix .. deps.version.number .. "\n")
    return true, "published to " .. values.target.folder
  end)
  :depends_on("check", "version")
  :params({ prefix = "v" })
  :on_success(function()
    state.set("release:published", os.date("!%FT%TZ"))
  end)

local undo = task("undo")
  :description("Runs only when the check has failed")
  :next_if_fail("check")
  :command("echo nothing was published")

workflow.define("release", {
  description = "Check and publish",
  tasks = { version, check, publish, undo },
  config = { timeout = "5m" },
  on_start = function()
    log.info("a release begins")
  end,
  on_complete = function(ok, results)
    log.info(ok and "released" or "not released", { version = results.version and results.version.number })
  end,
})
