import { hold, type Trial } from "../trial.ts";

const PROCESSES = 16;

const WORKER = `
for i = 1, values.times do
  state.increment("n")
  state.append("text", "x")
  state.list_push("list", values.id * 1000000 + i)
  while true do
    local old = state.get("swapped")
    if state.compare_swap("swapped", old, (old or 0) + 1) then break end
  end
end`;

const READER = `
local seen, last = {}, {}
for _, item in ipairs(state.get("list")) do
  local id = item // 1000000
  assert(not seen[item], "twice: " .. item)
  assert((last[id] or 0) < item, "out of order: " .. item)
  seen[item], last[id] = true, item
end
print(state.get("n"), #state.get("text"), state.list_length("list"), state.get("swapped"))`;

/** Many processes on the same keys, as fast as they can: each operation counts once, and nobody sees "busy". */
export const EXACT: Trial = {
  name: "16 processes on the same keys",
  rounds: { short: 20, long: 1000 },
  backends: ["redis"],
  async run({ createSandbox, rounds }) {
    using sandbox = await createSandbox();
    const env = { RUNNER_STATE_DURABILITY: "normal" };
    sandbox.write("worker.lua", WORKER);
    sandbox.write("reader.lua", READER);
    const workers = Array.from({ length: PROCESSES }, (_, id) =>
      sandbox.run(["run", "worker.lua", "--set", `id=${id}`, "--set", `times=${rounds}`], {
        env,
        hungAfter: 600_000,
      }),
    );
    const failed = (await Promise.all(workers)).find(({ exitCode }) => exitCode !== 0);
    hold("nobody fails, and nobody sees it busy", failed === undefined, failed?.stderr);
    const { stdout, stderr } = await sandbox.run(["run", "reader.lua"], { env });
    const each = PROCESSES * rounds;
    hold("each counts once", stdout === `${each}\t${each}\t${each}\t${each}\n`, stdout + stderr);
    return { operations: each * 4, lost: 0 };
  },
};
