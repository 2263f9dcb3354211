import { describe, expect, test } from "bun:test";
import { API_TYPES, renderApiTypes } from "../../scripts/api-types.ts";
import * as api from "../../src/plugins/api.ts";
import { RESERVED_MODULES } from "../../src/plugins/reserved.ts";
import { createSandbox } from "../helpers/binary.ts";

describe("the public API", () => {
  test("is what the types for editors say: bun scripts/api-types.ts", async () => {
    const kept = await Bun.file(API_TYPES).text();
    expect(kept).toBe(await renderApiTypes());
    for (const name of Object.keys(api)) {
      expect(kept).toMatch(
        new RegExp(`export (\\{ ${name}|(const|function|class|type|interface) ${name}\\b)`),
      );
    }
    const [ours = ""] = kept.split('declare module "zod"');
    for (const [, name = ""] of ours.matchAll(/^ {2}export (?:abstract )?(?:const|function|class) (\w+)/gm)) {
      expect(Object.keys(api)).toContain(name);
    }
  }, 30_000);

  test("reserves every global that scripts have", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua("for name in pairs(_G) do print(name) end");
    const ofPlugins = ["notify"];
    const free = stdout
      .trimEnd()
      .split("\n")
      .filter((name) => !RESERVED_MODULES.has(name) && !ofPlugins.includes(name));
    expect(free).toEqual([]);
  });
});
