import { hold, type Trial } from "../trial.ts";

const PARTS = [
  ..."'\";-%_*?[]\\^$.|(){}<>&#~ \t\n/",
  "DROP TABLE data",
  "__proto__",
  "constructor",
  "toString",
  "😀",
  "é",
  "e\u0301",
  "日本",
  "\u202e",
  "\u00a0",
  "a",
  "Z",
  "0",
  "--",
  "$int",
];

/** Each key in every way in which a script can name it; the others are there as well. */
const SCRIPT = `
local keys, sorted = values.keys, {}
local function literal(key) return (key:gsub("[%*%?%[%]\\\\]", "\\\\%0")) end
for i, key in ipairs(keys) do state.set(key, i) sorted[i] = key end
table.sort(sorted)
local all = state.keys()
for i, key in ipairs(sorted) do assert(all[i] == key, "out of order: " .. key) end
for i, key in ipairs(keys) do
  assert(state.get(key) == i and state.exists(key), key)
  local matched = state.keys(literal(key))
  assert(#matched == 1 and matched[1] == key, "matched: " .. key)
  assert(state.list(key)[key] == i, "listed: " .. key)
  assert(state.get_many({ key })[key] == i, "many: " .. key)
end
for _, key in ipairs(keys) do assert(state.delete(key) and not state.exists(key), "deleted: " .. key) end
assert(state.stats().total_keys == 0)
state.set_many((function() local all = {} for i, key in ipairs(keys) do all[key] = i end return all end)())`;

/** Keys that mean something to SQL, to patterns, to JavaScript or to a shell. */
export const KEYS: Trial = {
  name: "keys that mean something elsewhere",
  rounds: { short: 2, long: 100 },
  backends: ["redis"],
  async run({ createSandbox, rounds, random }) {
    const perRound = 100;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      const keys = new Set<string>(["'; DROP TABLE data; --", "%_*?[\\", "__proto__", "x".repeat(1024)]);
      while (keys.size < perRound) {
        const key = Array.from({ length: random.integer(1, 8) }, () => random.pick(PARTS)).join("");
        if (Buffer.byteLength(key) <= 1024) keys.add(key);
      }
      sandbox.write("keys.json", JSON.stringify({ keys: [...keys] }));
      sandbox.write("script.lua", SCRIPT);
      const { exitCode, stderr } = await sandbox.run(["run", "script.lua", "--values", "keys.json"]);
      hold("scripts reach each key and no other", exitCode === 0, stderr);
      const listed = await sandbox.run(["state", "list", "--limit", "1000", "-o", "json"]);
      const shown: { key: string; value: number }[] = JSON.parse(listed.stdout);
      hold("the command line lists them", shown.length === keys.size, shown.length);
      for (const key of [...keys].slice(0, 8)) {
        const got = await sandbox.run(["state", "get", "-o", "json", "--", key]);
        hold("the command line gets each", got.exitCode === 0, { key, stderr: got.stderr });
      }
    }
    return { keys: rounds * perRound, "mistaken for another": 0 };
  },
};
