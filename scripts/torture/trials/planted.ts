import { hold, type Trial } from "../trial.ts";

/** Files by which a folder could reach into a compiled program that looks for them. */
const PLANTED: readonly (readonly [name: string, content: string])[] = [
  [".env", "RUNNER_HOME=elsewhere\nRUNNER_STATE_BACKEND=memory\nBUN_OPTIONS=--preload=./evil.ts\n"],
  [".env.local", "RUNNER_STATE_DURABILITY=nonsense\n"],
  ["bunfig.toml", 'preload = ["./evil.ts"]\n'],
  ["package.json", '{"type":"commonjs","imports":{"#x":"./evil.ts"},"main":"evil.ts"}'],
  ["tsconfig.json", '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}'],
  ["evil.ts", 'require("node:fs").writeFileSync("reached", "");'],
  ["node_modules/zod/index.js", 'require("node:fs").writeFileSync("reached", "");'],
  ["node_modules/zod/package.json", '{"name":"zod","main":"index.js"}'],
  ["node_modules/runner/index.js", 'require("node:fs").writeFileSync("reached", "");'],
  ["node_modules/wasmoon/index.js", 'require("node:fs").writeFileSync("reached", "");'],
];

const COMMANDS = [
  ["state", "set", "k", "v"],
  ["state", "get", "k"],
  ["run", "script.lua"],
  ["check", "script.lua"],
  ["docs", "state"],
  ["state", "stats", "-o", "json"],
];

/** A folder that somebody else has filled has no effect on what is started in it. */
export const PLANTED_FILES: Trial = {
  name: "files planted in the working folder",
  rounds: { short: 1, long: 20 },
  async run({ createSandbox, rounds, random }) {
    for (let round = 0; round < rounds; round++) {
      using plain = await createSandbox();
      using planted = await createSandbox();
      for (const [name, content] of PLANTED)
        if (round === 0 || random.next() < 0.7) planted.write(name, content);
      for (const sandbox of [plain, planted])
        sandbox.write("script.lua", 'print(os.getenv("RUNNER_HOME"), state.get("k"))');
      for (const args of COMMANDS) {
        const [expected, seen] = await Promise.all([plain.run(args), planted.run(args)]);
        const outcome = ({ exitCode, stdout, stderr }: typeof seen) => ({
          exitCode,
          lines: stdout.split("\n").length,
          stderr,
        });
        hold(`${args.join(" ")} does the same`, Bun.deepEquals(outcome(expected), outcome(seen)), {
          expected,
          seen,
        });
        hold("nothing of it is run", !(await Bun.file(`${planted.work}/reached`).exists()));
      }
    }
    return { folders: rounds, commands: rounds * COMMANDS.length, reached: 0 };
  },
};

/** Keys that match a pattern of secrets. */
const SECRET_KEYS = ["db:password", "api_token", "my-secret-key", "TOKEN:x", "deploy:Password:1"];

/** A value under such a key is shown by get and show alone. */
export const SECRETS: Trial = {
  name: "values under secret keys",
  rounds: { short: 1, long: 20 },
  async run({ createSandbox, rounds, random }) {
    let looks = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      const value = `hidden-${random.integer(1e8, 9e8)}`;
      const key = random.pick(SECRET_KEYS);
      await sandbox.run(["state", "set", key, value]);
      await sandbox.run(["state", "set", key, `${value}-2`]);
      sandbox.write(
        "script.lua",
        `task({ name = "a", run = function() log.info("connecting", { password = state.get("${key}"), user = "u" }) error("x") end })`,
      );
      for (const args of [
        ["state", "list"],
        ["state", "list", "-o", "json"],
        ["state", "history", key],
        ["state", "history", key, "--diff"],
        ["state", "stats"],
        ["run", "script.lua"],
        ["run", "script.lua", "-o", "json"],
      ]) {
        const { stdout, stderr } = await sandbox.run(args);
        hold(`${args.join(" ")} does not show it`, !(stdout + stderr).includes(value), { stdout, stderr });
        looks++;
      }
      hold("get shows it", (await sandbox.run(["state", "get", key])).stdout === `${value}-2\n`);
    }
    return { looks, shown: 0 };
  },
};
