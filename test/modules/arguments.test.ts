import { expect, test } from "bun:test";
import { calleeOf } from "../../src/modules/bind.ts";
import { listModules } from "../../src/modules/reference/all.ts";
import { parametersOf } from "../../src/modules/reference/signature.ts";
import { createSandbox } from "../helpers/binary.ts";

/** Calls by every name of a function whose first argument is not just anything. */
const callees = listModules().flatMap((module) =>
  Object.entries(module.functions).flatMap(([name, definition]) => {
    const [first] = parametersOf(definition);
    if (first === undefined || first.type === "any") return [];
    return [name, ...(definition.aliases ?? [])].map((each) => calleeOf(module, each));
  }),
);

test("every function says what argument of what call is wrong", async () => {
  using sandbox = createSandbox();
  const { stdout } = await sandbox.runLua(`
    for _, callee in ipairs{ ${callees.map((callee) => JSON.stringify(callee)).join(", ")} } do
      local ok, err = pcall(load("return " .. callee)(), coroutine.create(print))
      print(callee, ok, (tostring(err):gsub("^[^:]*:%d+: ", "")))
    end`);
  const wrong = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"))
    // An alias that Lua makes is called by the name of what it stands for.
    .filter(([, ok, message = ""]) => ok !== "false" || !/^[\w.]+: argument \d/.test(message));
  expect(wrong).toEqual([]);
});
