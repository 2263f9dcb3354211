import { describe, expect, test } from "bun:test";
import { failure } from "../../src/contract/subject.ts";
import { agentPath, checkAgentName, openBackend } from "../../src/state/open.ts";

const open = (backend: string) =>
  openBackend({ backend, path: "none.db", durability: "full", busyTimeout: 0 });

describe("openBackend()", () => {
  test("opens those that are built in", async () => {
    expect((await open("memory")).name).toBe("memory");
    expect((await open("sqlite")).location).toBe("none.db");
  });

  test("names the known ones for any other, and sqlite for sled", async () => {
    expect(await failure(() => open("sqlit"))).toEqual({
      code: "invalid",
      message: 'Cannot use state backend "sqlit": there is none of this name. Known are: sqlite, memory.',
    });
    expect((await failure(() => open("sled"))).message).toContain("Use sqlite");
  });
});

describe("agentPath()", () => {
  test("is a file of its name in the state's folder", () => {
    expect(agentPath("/home/me/state", "web-1.eu_x")).toBe("/home/me/state/web-1.eu_x.db");
  });

  test("refuses names that could lead elsewhere", async () => {
    for (const name of ["", ".hidden", "..", "a/b", "a\\b", "ä", "x".repeat(65), "a\n"]) {
      expect((await failure(() => checkAgentName(name))).code).toBe("bad_argument");
    }
  });
});
