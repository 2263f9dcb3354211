import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { findHome, needHome } from "../../src/config/home.ts";

test("findHome() prefers RUNNER_HOME, then the user's folder", () => {
  expect(findHome({ RUNNER_HOME: "/r", HOME: "/u" }, "linux")).toBe("/r");
  expect(findHome({ RUNNER_HOME: "rel" }, "linux")).toBe(resolve("rel"));
  expect(findHome({ HOME: "/u" }, "linux")).toBe("/u/.sloth-runner");
  expect(findHome({ USERPROFILE: "/w", HOME: "/u" }, "win32")).toBe("/w/.sloth-runner");
  expect(findHome({ HOME: "" }, "linux")).toBeUndefined();
});

test("needHome() says which variable to set", () => {
  expect(() => needHome(undefined)).toThrow("Set RUNNER_HOME");
});
