import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { reasonToKeep } from "../../src/lib/removable.ts";
import { createFolder } from "../helpers/folder.ts";

// Only the decision is asked for here: no test may ever try to remove one of these.
describe("reasonToKeep()", () => {
  test.each(["/", "/etc", "/home", "/tmp", homedir(), dirname(homedir())])("keeps %s", (path) => {
    expect(reasonToKeep(path, "/srv/app")).toBeDefined();
  });

  test("keeps the working folder and every folder above it", () => {
    for (const path of ["/srv/app/site", "/srv/app", "/srv"]) {
      expect(reasonToKeep(path, "/srv/app/site")).toBeDefined();
    }
  });

  test("sees through links on the way, and lets a link itself go", () => {
    using folder = createFolder();
    symlinkSync("/", join(folder.path, "root"));
    expect(reasonToKeep(join(folder.path, "root/etc"), folder.path)).toContain("root of the file system");
    expect(reasonToKeep(join(folder.path, "root"), folder.path)).toBeUndefined();
  });

  test("lets go what lies in the working folder or elsewhere", () => {
    expect(reasonToKeep("/srv/app/site/releases/v1", "/srv/app/site")).toBeUndefined();
    expect(reasonToKeep("/srv/app/other", "/srv/app/site")).toBeUndefined();
    expect(reasonToKeep("/srv/app/site..", "/srv/app/site")).toBeUndefined();
  });
});
