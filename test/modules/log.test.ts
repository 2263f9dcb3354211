import { expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

const SOURCE = 'for _, level in ipairs{ "debug", "info", "warn", "error" } do log[level](level) end';

test("--log-level says what is the least that scripts log and a run shows", async () => {
  using sandbox = createSandbox();
  const shown = async (...args: string[]) =>
    (await sandbox.runLua(SOURCE, args)).stderr.split("\n").map((line) => line.split(" ")[0]);
  expect(await shown()).toEqual(["info", "warn", "error", ""]);
  expect(await shown("--log-level", "debug")).toEqual(["debug", "info", "warn", "error", ""]);
  expect(await shown("--log-level", "error")).toEqual(["error", ""]);
  const { exitCode, stderr } = await sandbox.runLua(SOURCE, ["--log-level", "eror"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("error") });
});

test("what the config calls secret is masked in the log of tasks and in its events", async () => {
  using sandbox = createSandbox();
  sandbox.write("runner.yaml", 'secrets: { patterns: ["*pin*"] }');
  const source = `task{ name = "t", run = function()
      state.set("my_pin", "open sesame")
      log.info(state.need("my_pin"), { PIN = 1, token = "shown" })
    end }`;
  const text = await sandbox.runLua(source);
  expect(text.stderr).toContain("info  •••••••• PIN=•••••••• token=shown\n");
  const json = await sandbox.runLua(source, ["-o", "json"]);
  const event = json.stdout.split("\n").find((line) => line.includes('"log"'));
  expect(JSON.parse(event ?? "")).toMatchObject({
    message: "••••••••",
    fields: { PIN: "••••••••", token: "shown" },
  });
});

test("log.info() gives fields to events with their types, and to people as text", async () => {
  using sandbox = createSandbox();
  const source = `log.info("m", { n = 1, b = true, t = { x = 1, token = "s" }, f = 1.5, l = { 1, "two" }, fn = print, s = "x" })`;
  const text = await sandbox.runLua(source);
  expect(text.stderr).toStartWith("info  m b=true f=1.5 fn=");
  expect(text.stderr).toEndWith(' l={1, "two"} n=1 s=x t={token=••••••••, x=1}\n');
  const { fields } = JSON.parse((await sandbox.runLua(source, ["-o", "json"])).stdout);
  const t = { x: 1, token: "••••••••" };
  expect(fields).toEqual({ n: 1, b: true, t, f: 1.5, l: [1, "two"], fn: expect.any(String), s: "x" });
});
