import { expect, test } from "bun:test";
import type { ModuleDef } from "../../src/modules/define.ts";
import { listModules } from "../../src/modules/reference/all.ts";
import { WORDS } from "../../src/tasks/words.ts";
import { createSandbox } from "../helpers/binary.ts";

const modules = listModules();

/** A list of texts as Lua writes it. JSON's escapes are Lua's as well, but for characters by number. */
function luaList(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text).replaceAll(/\\u([0-9a-f]{4})/g, "\\u{$1}")).join(",\n");
}

test.each(modules.map((module) => [module.name || "globals", module] as const))(
  "every example of the reference of %s works as it stands",
  async (_, module) => {
    using sandbox = createSandbox();
    // Each in an empty folder and with an empty state, all in one process.
    sandbox.write(
      "examples.lua",
      `for _, example in ipairs{ ${luaList(Object.values(module.functions).map(({ example }) => example))} } do
         for _, name in ipairs(fs.list(".")) do fs.remove(name) end
         state.clear()
         State.clear()
         local ok, err = pcall(assert(load(example, example)))
         if not ok then print(example, err) end
       end`,
    );
    sandbox.write("empty/file", "");
    const { stdout, exitCode, stderr } = await sandbox.run(["run", "examples.lua", "-C", "empty"]);
    // These two are about what is printed.
    const quiet = module.name !== "log" && module.name !== "";
    expect({
      stdout: quiet || module.name === "log" ? stdout : "",
      exitCode,
      stderr: quiet ? stderr : "",
    }).toEqual({
      stdout: "",
      exitCode: 0,
      stderr: "",
    });
  },
);

test.each(WORDS.map((word) => [word.name, word] as const))(
  "the example of the word %s is a task file that runs",
  async (name, { example }) => {
    expect(example).toContain(name === "workflow.define" ? name : (name.split(".")[0] ?? ""));
    using sandbox = createSandbox();
    const { exitCode, stderr } = await sandbox.runLua(example);
    expect({ exitCode, failed: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, failed: "" });
    expect(stderr).toContain("done");
  },
);

test("every function of the reference has a description and an example that calls it", () => {
  const lacking = modules.flatMap(({ name, functions }) =>
    Object.entries(functions)
      .filter(
        ([fn, { description, example }]) =>
          description === "" || !example.includes(fn) || !example.includes(name),
      )
      .map(([fn]) => `${name}.${fn}`),
  );
  expect(lacking).toEqual([]);
});

test("the reference and the modules that scripts see have the same functions", async () => {
  using sandbox = createSandbox();
  // `io` is Lua's own manual's.
  const documented = modules.filter(({ name }) => name !== "");
  const { stdout } = await sandbox.runLua(
    `for _, name in ipairs{ ${luaList(documented.map(({ name }) => name))} } do
       for key, value in pairs(_G[name]) do if type(value) == "function" then print(name .. "." .. key) end end
     end
     -- Not among the pairs of values, which are what was given.
     for _, name in ipairs{ ${luaList(documented.flatMap(namesOf))} } do
       local module, key = name:match("(.*)%.(.*)")
       if type(_G[module][key]) == "function" then print(name) end
     end`,
  );
  const seen = [...new Set(stdout.split("\n").filter(Boolean))].sort();
  expect(seen).toEqual(documented.flatMap(namesOf).sort());
});

function namesOf({ name, functions }: ModuleDef): string[] {
  return Object.entries(functions).flatMap(([fn, { aliases = [] }]) =>
    [fn, ...aliases].map((called) => `${name}.${called}`),
  );
}
