import { expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

test("params are those of the task that looks, in what it calls and spawns, side by side with others", async () => {
  using sandbox = createSandbox();
  const { stdout } = await sandbox.runLua(
    `local function who() time.sleep(0.01) return params.who end
     for _, name in ipairs{ "a", "b" } do
       task{ name = name, params = { who = name, list = { 1 } }, run = function(_, given)
         assert(async.spawn(who):await() == name)
         return true, nil, { line = table.concat({ who(), json.encode(params()), tostring(given.who == params.who) }, " ") }
       end }
     end
     task{ name = "none", depends_on = { "a", "b" }, run = function(_, _, deps)
       print(deps.a.line) print(deps.b.line) print(params.who, next(params()))
     end }
     print(params.who)`,
    ["--set", "who=run", "--jobs", "2"],
  );
  expect(stdout).toBe('run\na {"list":[1],"who":"a"} true\nb {"list":[1],"who":"b"} true\nnil\tnil\n');
});
