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
