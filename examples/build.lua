-- Builds one file out of many the way make would, but by what is in them: what is unchanged is not built again.
--
--   runner run build.lua                 compiles, tests, packs
--   runner run build.lua                 compiles nothing, since nothing has changed
--   runner run build.lua --explain       what would run, and because of what
--   runner run build.lua pack --jobs 2   only what pack needs, two at a time

task({
  name = "compile",
  description = "Put the parts together",
  tags = { "ci" },
  sources = "site/**/*.html",
  generates = "out/pages.txt",
  command = "mkdir -p out && cat site/*.html > out/pages.txt",
})

task({
  name = "test",
  description = "The result is not empty",
  depends_on = "compile",
  tags = { "ci" },
  retries = 2,
  retry_delay = "100ms",
  timeout = "30s",
  command = function(this)
    local size = #fs.read("out/pages.txt")
    if size == 0 then
      return false, "out/pages.txt is empty"
    end
    return true, size .. " bytes", { bytes = size }
  end,
})

task({
  name = "pack",
  depends_on = "test",
  artifacts = "out/pages.sha256",
  command = function(_, _, deps)
    fs.write("out/pages.sha256", fs.hash("out/pages.txt") .. "  pages.txt\n")
    return true, deps.test.bytes .. " bytes packed"
  end,
})

task({
  name = "report",
  description = "Reads what pack has made",
  consumes = "out/pages.sha256",
  command = "cat out/pages.sha256",
})

-- Without a command, it stands for the tasks that it depends on.
task({ name = "all", description = "Everything", depends_on = { "pack", "report" } })
