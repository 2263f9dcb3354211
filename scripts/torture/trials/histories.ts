import { findViolation, type Operation } from "../linearize.ts";
import { type Held, REGISTER, type RegisterCall } from "../register.ts";
import { type Arena, hold, type Trial } from "../trial.ts";

const CLIENTS = 6;
const KEYS = 4;
const CALLS = 120;

/**
 * One client: it says what it is about to do, does it, says what came back. What it wrote is its own number each time, so
 * that a wrong read shows.
 */
const CLIENT = `
math.randomseed(values.seed)
local function say(line) io.write(json.encode(line), "\\n") io.flush() end
local function client(id)
  local seen = {}
  for i = 1, values.calls do
    local key = "k" .. math.random(values.keys)
    local own = id * 1000000 + i
    local kind = math.random(100)
    local call, act
    if kind <= 35 then
      call, act = { kind = "get" }, function() return state.get(key) end
    elseif kind <= 55 then
      call, act = { kind = "set", value = own }, function() state.set(key, own) end
    elseif kind <= 75 then
      call, act = { kind = "increment", by = 7 }, function() return state.increment(key, 7) end
    elseif kind <= 92 then
      local old = seen[key]
      call = { kind = "swap", old = old, value = own }
      act = function() return state.compare_swap(key, old, own) end
    else
      call, act = { kind = "delete" }, function() return state.delete(key) end
    end
    say{ n = i, client = id, key = key, call = call, at = time.now() }
    local result = act()
    say{ client = id, result = result, at = time.now() }
    if type(result) == "number" then seen[key] = result
    elseif call.value and result ~= false then seen[key] = call.value end
    if values.together > 1 then time.sleep(0) end
  end
end
async.map((function() local ids = {} for i = 1, values.together do ids[i] = values.first + i end return ids end)(), client)
`;

interface Said {
  readonly client: number;
  readonly at: number;
  readonly key?: string;
  readonly call?: RegisterCall;
  readonly result?: Held | boolean;
}

/** Recorded concurrent histories of get, set, increment, compare_swap and delete: is each linearizable? */
export const HISTORIES: readonly Trial[] = [
  {
    name: "histories of processes, some of them killed",
    rounds: { short: 2, long: 60 },
    backends: ["redis"],
    run: (arena) => record(arena, { processes: CLIENTS, together: 1, kills: 2, env: {} }),
  },
  {
    name: "histories of one process on the memory backend",
    rounds: { short: 1, long: 30 },
    run: (arena) =>
      record(arena, {
        processes: 1,
        together: CLIENTS,
        kills: 0,
        env: { RUNNER_STATE_BACKEND: "memory" },
      }),
  },
];

interface Cast {
  readonly processes: number;
  /** Clients that one process is at once. */
  readonly together: number;
  /** Processes that are killed in the middle. */
  readonly kills: number;
  readonly env: Readonly<Record<string, string>>;
}

async function record(arena: Arena, { processes, together, kills, env }: Cast) {
  let calls = 0;
  let unanswered = 0;
  for (let round = 0; round < arena.rounds; round++) {
    using sandbox = await arena.createSandbox();
    sandbox.write("client.lua", CLIENT);
    const started = Array.from({ length: processes }, (_, i) => {
      const set = {
        seed: arena.random.integer(1, 1e9),
        calls: CALLS,
        keys: KEYS,
        together,
        first: i * together,
      };
      const options = Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
      return sandbox.spawn(["run", "client.lua", ...options], { env });
    });
    const victims = started.slice(0, kills).map(async (victim) => {
      await victim.untilStdout(`"n":${arena.random.integer(5, CALLS)}`);
      victim.kill("SIGKILL");
    });
    await Promise.all(victims);
    const printed = await Promise.all(started.map(({ finished }) => finished));
    const failed = printed.find(({ exitCode }) => exitCode !== 0 && exitCode !== 137);
    hold("no client fails", failed === undefined, failed?.stderr);
    const byKey = histories(printed.map(({ stdout }) => stdout));
    for (const [key, history] of byKey) {
      calls += history.length;
      unanswered += history.filter(({ end }) => end === undefined).length;
      const violation = findViolation(history, REGISTER);
      hold(`the history of ${key} is linearizable`, violation === undefined, { violation, history });
    }
  }
  return { histories: arena.rounds * KEYS, calls, "cut off": unanswered, violations: 0 };
}

/** The operations on each key, from what the clients said. A line that was cut off by a kill says nothing. */
function histories(outputs: readonly string[]): Map<string, Operation<RegisterCall>[]> {
  const byKey = new Map<string, Operation<RegisterCall>[]>();
  const open = new Map<number, Said>();
  const add = (said: Said, end?: Said) => {
    if (said.key === undefined || said.call === undefined) return;
    const history = byKey.get(said.key) ?? [];
    byKey.set(said.key, history);
    // What came back belongs to the kind of call that it was; JSON has no undefined, so that nil is absent.
    const call = { ...said.call, result: end?.result } as RegisterCall;
    history.push({ call, start: said.at, ...(end && { end: end.at }) });
  };
  for (const line of outputs.flatMap((output) => output.split("\n").slice(0, -1))) {
    const said: Said = JSON.parse(line);
    const asked = open.get(said.client);
    if (asked === undefined) open.set(said.client, said);
    else {
      add(asked, said);
      open.delete(said.client);
    }
  }
  for (const said of open.values()) add(said);
  return byKey;
}
