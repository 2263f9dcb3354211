import { describe, expect, test } from "bun:test";
import { bindModule } from "../../src/modules/bind.ts";
import { defineFunction, type ModuleDef } from "../../src/modules/define.ts";
import { createPermits } from "../../src/modules/permits.ts";
import { forbidEffects } from "../../src/tasks/inspection.ts";

const text = { description: "Does something.", example: "x()" };

/** A module as a plugin may define it, whose functions say more or less of themselves. */
const MODULE: ModuleDef = {
  name: "slack",
  description: "Messages.",
  functions: {
    silent: defineFunction({ ...text, run: () => "done" }),
    pure: defineFunction({ ...text, effect: false, aliases: ["clean"], run: () => "done" }),
    networked: defineFunction({ ...text, permission: "net", run: () => "done" }),
  },
};

describe("a function that does not say what it does", () => {
  test("is denied in a sandbox until plugins are allowed", () => {
    const called = (...grants: string[]) => {
      const { functions } = bindModule(MODULE, createPermits(grants, "/"));
      return Object.keys(MODULE.functions).map((name) => {
        try {
          return functions[name]?.();
        } catch (error) {
          return error instanceof Error ? /permission "(.*?)"\. (.*)/.exec(error.message)?.[0] : error;
        }
      });
    };
    expect(called()).toEqual([
      'permission "plugins". Allow it: --allow plugins=slack',
      "done",
      'permission "net". Allow it: --allow net',
    ]);
    expect(called("plugins=other", "net")[0]).toStartWith('permission "plugins"');
    expect(called("plugins=slack", "net")).toEqual(["done", "done", "done"]);
    expect(called("plugins")[0]).toBe("done");
  });

  test("is refused while a file is only looked at", () => {
    const { functions } = forbidEffects(bindModule(MODULE), "runner.lua");
    expect(functions.pure?.()).toBe("done");
    expect(functions.clean?.()).toBe("done");
    for (const name of ["silent", "networked"]) {
      expect(() => functions[name]?.()).toThrow(`Cannot call slack.${name} at the top level of runner.lua`);
    }
  });

  test("is harmless when its module says so", () => {
    const { functions } = forbidEffects(bindModule({ ...MODULE, effect: false }), "runner.lua");
    expect(functions.silent?.()).toBe("done");
  });
});
