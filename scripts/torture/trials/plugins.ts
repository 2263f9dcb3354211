import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hold, showsStack, type Trial } from "../trial.ts";

const HEAD = 'import { definePlugin, z } from "runner";\n';

/** Plugins that fail, each in its own way. */
const BAD: readonly (readonly [file: string, content: string])[] = [
  ["throws.ts", 'throw new Error("thrown at load");'],
  ["waits.ts", "await new Promise(() => {});"],
  [
    "rejects.ts",
    `${HEAD}export default definePlugin({ name: "rejects", setup: async () => { throw new Error("no"); } });`,
  ],
  ["hangs.ts", `${HEAD}export default definePlugin({ name: "hangs", setup: () => new Promise(() => {}) });`],
  ["unparsable.ts", "export default definePlugin({{{"],
  ["nothing.ts", "export const x = 1;"],
  ["wrong.ts", `${HEAD}export default definePlugin({ name: 5, modules: "none" } as never);`],
  ["newer.ts", `${HEAD}export default definePlugin({ name: "newer", api: 999 } as never);`],
  [
    "clash.ts",
    `${HEAD}export default definePlugin({ name: "clash", modules: { fs: { read: { args: [], run: () => 1 } } } });`,
  ],
  [
    "needs.ts",
    `${HEAD}export default definePlugin({ name: "needs", config: z.object({ url: z.string() }) });`,
  ],
  ["syntax.lua", "return {{"],
  ["number.lua", "return 5"],
  ["raises.lua", 'error("raised at load")'],
  ["open.ts", `${HEAD}export default definePlugin({ name: "open" });`],
];

const GOOD = `${HEAD}import { greeting } from "./good-parts/words.ts";
export default definePlugin({
  name: "good",
  modules: { good: { hello: { args: [z.string()], run: (ctx, name) => greeting + " " + name } } },
});`;

/** Some plugins fail, in any mixture: each is named with its file, and the one that works goes on working. */
export const PLUGINS: Trial = {
  name: "plugins that fail",
  rounds: { short: 2, long: 60 },
  async run({ createSandbox, rounds, random }) {
    let failures = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      const folder = join(sandbox.home, ".sloth-runner/plugins");
      mkdirSync(join(folder, "good-parts"), { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, "good.ts"), GOOD);
      writeFileSync(join(folder, "good-parts/words.ts"), 'export const greeting: string = "hello";\n');
      writeFileSync(join(folder, "lua_good.lua"), "return { twice = function(n) return n * 2 end }");
      // The first round meets all of them, so that few rounds do.
      const chosen = BAD.filter(() => round === 0 || random.next() < 0.4);
      for (const [name, content] of chosen) writeFileSync(join(folder, name), content);
      if (chosen.some(([name]) => name === "open.ts")) chmodSync(join(folder, "open.ts"), 0o666);
      // A plugin in Lua runs when a script first touches it.
      const touched = chosen.filter(([name]) => name.endsWith(".lua")).map(([name]) => name.slice(0, -4));
      const touch = touched.map((name) => `log.warn(select(2, pcall(require, "${name}")))`);
      sandbox.write("script.lua", `${touch.join(" ")} print(good.hello("you"), lua_good.twice(21))`);
      const { exitCode, stdout, stderr } = await sandbox.run(["run", "script.lua"]);
      hold("the rest works", exitCode === 0 && stdout === "hello you\t42\n", { exitCode, stdout, stderr });
      for (const [name] of chosen) hold(`${name} is named`, stderr.includes(name), stderr);
      hold("without a stack", !showsStack(stderr), stderr);
      failures += chosen.length;
      const plain = await sandbox.run(["state", "set", "k", "v"]);
      hold("the state works without them", plain.exitCode === 0 && plain.stderr === "", plain.stderr);
    }
    return { "failing plugins": failures, "not named": 0 };
  },
};
