import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Failpoint } from "../../../src/lib/failpoint.ts";
import type { Sandbox } from "../../../test/helpers/binary.ts";
import type { Random } from "../random.ts";
import { hold, type Trial } from "../trial.ts";

const KILLED = 137;

/** What each store holds before: the same number under each key, so that a mixture of two states shows. */
const KEYS = 200;

/** One thing that is cut off in its middle, and what must hold after it. */
interface Scenario {
  readonly points: readonly Failpoint[];
  /** How often it comes by such a point, about. */
  readonly times: number;
  /** Does it, dying on the way if FAILPOINTS says so; gives the exit code. */
  act(place: Place): Promise<number>;
  /** The generations that the store may hold after it was killed, and those after it was done again. */
  readonly after: { readonly killed: readonly number[]; readonly again: readonly number[] };
}

/** A sandbox whose store holds generation 1, with a backup of generation 2 and an export of it. */
interface Place {
  readonly sandbox: Sandbox;
  readonly env: Readonly<Record<string, string>>;
}

const FILL = `for _, n in ipairs{ values.generation } do
  local all = {} for i = 1, ${KEYS} do all["key:" .. i] = n end
  state.set_many(all)
end`;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  writing: {
    points: ["commit.before", "commit.after"],
    times: 1,
    act: async ({ sandbox, env }) =>
      (await sandbox.run(["run", "fill.lua", "--set", "generation=2"], { env })).exitCode,
    after: { killed: [1, 2], again: [2] },
  },
  importing: {
    points: ["load.written", "commit.before", "commit.after"],
    times: 1,
    act: async ({ sandbox, env }) =>
      (await sandbox.run(["state", "import", "two.jsonl", "--replace", "--yes"], { env })).exitCode,
    after: { killed: [1, 2], again: [2] },
  },
  "backing up": {
    points: ["backup.written", "backup.verified"],
    times: 1,
    async act({ sandbox, env }) {
      const file = join(sandbox.work, "backup.db");
      const { exitCode } = await sandbox.run(["state", "backup", "backup.db"], { env });
      if (existsSync(file)) {
        const { exitCode: whole } = await sandbox.run(["state", "verify", "--db", file]);
        hold("a backup that has its name is whole", whole === 0);
        rmSync(file);
      }
      return exitCode;
    },
    after: { killed: [1], again: [1] },
  },
  restoring: {
    points: ["load.written", "backup.written", "commit.before", "commit.after"],
    times: 1,
    act: async ({ sandbox, env }) =>
      (await sandbox.run(["state", "restore", "two.db", "--yes"], { env })).exitCode,
    after: { killed: [1, 2], again: [2] },
  },
  migrating: {
    points: ["backup.written", "backup.verified", "install.prepared", "install.aside", "schema.migrated"],
    times: 1,
    act: (part) => migrate(part, "whole.db"),
    after: { killed: [1], again: [1] },
  },
  "migrating into a store": {
    points: ["copy.batch", "load.written"],
    times: 1,
    async act(part) {
      for (const words of [
        ["set", "k", "v"],
        ["delete", "k", "--yes"],
      ])
        await part.sandbox.run(["state", ...words, "--db", "copy.db"]);
      return migrate(part, "copy.db");
    },
    after: { killed: [1], again: [1] },
  },
  running: {
    points: ["journal.before", "journal.after", "commit.before", "commit.after"],
    times: 10,
    async act({ sandbox, env }) {
      const started = await sandbox.run(["runs", "-o", "json"]);
      const again = JSON.parse(started.stdout).length > 0 ? ["--resume"] : [];
      return (await sandbox.run(["run", ...again], { env })).exitCode;
    },
    after: { killed: [1], again: [1] },
  },
};

/** Migrates the second generation to a store; gives the exit code. */
async function migrate({ sandbox, env }: Parameters<Scenario["act"]>[0], to: string): Promise<number> {
  const words = ["migrate", "--from", "sqlite:two.db", "--to", `sqlite:${to}`];
  const { exitCode, stderr } = await sandbox.run(["state", ...words], { env });
  if (exitCode === 0) {
    const { stdout } = await sandbox.run(["state", "stats", "--db", to, "-o", "json"]);
    hold("a migration that ended well has copied all", JSON.parse(stdout).total_keys === KEYS, stdout);
  }
  hold("a migration fails for no other reason", exitCode === 0 || exitCode === KILLED, stderr);
  return exitCode;
}

/** The process dies at a named moment of its work: the store is as it was before or after it, and the work can be done again. */
export const FAILPOINT_TRIAL: Trial = {
  name: "killed at failpoints",
  rounds: { short: 12, long: 600 },
  async run({ createFaultySandbox, rounds, random }) {
    let kills = 0;
    const names = Object.keys(SCENARIOS);
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createFaultySandbox();
      const name = names[round % names.length] ?? "";
      const scenario = SCENARIOS[name];
      if (scenario === undefined) throw new Error(`There is no scenario "${name}".`);
      await prepare(sandbox);
      kills += await cutOff(name, scenario, sandbox, random);
    }
    return { kills, "states between": 0, "work lost": 0 };
  },
};

async function prepare(sandbox: Sandbox): Promise<void> {
  sandbox.write("fill.lua", FILL);
  sandbox.write(
    "runner.lua",
    // Those between them do nothing that could be seen, so that their commits are put off.
    `for i = 1, 5 do
  task({ name = "quiet" .. i, run = function() return true end })
  task({ name = "t" .. i, run = function() fs.append("log", "t" .. i .. "\\n") end })
end`,
  );
  for (const args of [
    ["run", "fill.lua", "--set", "generation=2", "--db", "two.db"],
    ["state", "export", "two.jsonl", "--db", "two.db"],
    ["run", "fill.lua", "--set", "generation=1"],
  ]) {
    const { exitCode, stderr } = await sandbox.run(args);
    hold(`${args.join(" ")} ends well`, exitCode === 0, stderr);
  }
}

/** Kills it at one of its points, looks, lets it end, looks again; 1 when it was killed. */
async function cutOff(name: string, scenario: Scenario, sandbox: Sandbox, random: Random): Promise<number> {
  const point = `${random.pick(scenario.points)}=${random.integer(1, scenario.times)}`;
  const killed = await scenario.act({ sandbox, env: { FAILPOINTS: point } });
  hold(`${name} dies at ${point} or does not come by`, killed === KILLED || killed === 0, killed);
  await look(sandbox, `${name}, killed at ${point}`, scenario.after.killed);
  const again = await scenario.act({ sandbox, env: {} });
  // A run that has ended well is not taken up again.
  hold(`${name} can be done again`, again === 0 || (killed === 0 && name === "running"), again);
  await look(sandbox, `${name}, done again`, scenario.after.again);
  return killed === KILLED ? 1 : 0;
}

async function look(sandbox: Sandbox, when: string, allowed: readonly number[]): Promise<void> {
  const verified = await sandbox.run(["state", "verify"]);
  hold(`the store is whole: ${when}`, verified.exitCode === 0, verified.stdout + verified.stderr);
  const { stdout } = await sandbox.run(["state", "export"]);
  const entries = stdout.split("\n").filter((line) => line.includes('"key":"key:'));
  const generations = new Set(entries.map((line) => JSON.parse(line).value));
  hold(
    `it is as before or as after: ${when}`,
    entries.length === KEYS && generations.size === 1 && allowed.includes([...generations][0]),
    { entries: entries.length, generations },
  );
}
