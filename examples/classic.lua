-- The form of older manuals: one table of groups. Its functions get `params, deps`, and parts of it may come from other
-- files. `Modern DSLs = {` at the beginning of the statement means the same.
--
--   runner run classic.lua
--   runner run classic.lua pipeline.fetch     one task, with what it needs

local steps = import("shared/steps.lua")

TaskDefinitions = {
  pipeline = {
    description = "Fetch, count, and clean up",
    tasks = {
      -- `uses` starts from a table of another file; what is said here wins.
      { name = "fetch", uses = steps.fetch, params = { words = { "one", "two", "three" } } },
      {
        name = "count",
        depends_on = "fetch",
        pre_exec = function(params)
          log.debug("counting in " .. params.workdir)
        end,
        command = function(_, deps)
          local lines = 0
          for _ in fs.read(deps.fetch.file):gmatch("\n") do
            lines = lines + 1
          end
          return true, lines .. " words", { lines = lines }
        end,
        post_exec = function(_, outputs)
          log.info("counted", outputs)
        end,
      },
      {
        name = "enough",
        depends_on = "count",
        abort_if = function(_, deps)
          return deps.count.lines > 100, "too many words"
        end,
        command = "echo few enough",
      },
      { name = "greet", once = "classic:greeted", command = "echo shown the first time only" },
      { name = "clean", depends_on = "enough", command = "rm words.txt" },
    },
  },
}
