-- Tasks of this project. `runner list` shows them, `runner run` runs them all, `runner run build` one and what it
-- needs, `runner docs` tells what is there to work with.

task("check"):description("Is all there that is needed?"):command(function()
  if not exec.which("tar") then return false, "tar is not installed" end
end)

task("build"):depends_on("check"):description("Packs what is to be shipped"):command(function()
  fs.mkdir("build")
  fs.write("build/version.txt", values.version or "dev")
  -- What a task returns after true is its message; a table after that is for tasks that depend on it.
  return true, "built " .. (values.version or "dev"), { folder = "build" }
end)

-- State stays: the next run, and any other process, sees it. `runner state list` shows it.
task("ship"):depends_on("build"):description("Ships what is new"):command(function(_, _, deps)
  return state.with_lock("ship", function()
    local digest = fs.hash(deps.build.folder .. "/version.txt")
    if state.get("shipped") == digest then return true, "nothing new" end
    log.info("shipping", { digest = digest:sub(1, 12) })
    state.set("shipped", digest)
    return true, "shipped"
  end)
end)
