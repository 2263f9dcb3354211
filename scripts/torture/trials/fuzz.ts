import type { Finished, Sandbox } from "../../../test/helpers/binary.ts";
import type { Random } from "../random.ts";
import { type Arena, hold, showsStack, type Trial } from "../trial.ts";

/** Commands to begin with. None of them leads out of the sandbox, and none follows for ever. */
const COMMANDS = [
  "run task.lua",
  "run",
  "list",
  "graph",
  "check",
  "runs",
  "runs show",
  ..."list keys get show set delete clear incr ttl stats history revert export import verify compact"
    .split(" ")
    .map((command) => `state ${command}`),
  "lock list",
  "lock show",
  "lock release",
  "docs",
  "doctor",
  "trust",
  "plugin list",
  "completions",
  "version",
  "stat",
];

/** What may follow. */
const WORDS = [
  ..."--help -o json text --agent --backend --db --json --ttl --yes --limit --after --pattern --merge".split(
    " ",
  ),
  ..."--replace --dry-run --set a=1 --values --jobs --tag --timeout 1s --resume --explain --status --quiet".split(
    " ",
  ),
  ..."--debug --sort --type --at --to --diff -- - -5 --no --=x k deploy:version local memory sqlite".split(
    " ",
  ),
  ..."redis task.lua data.jsonl bad.lua 0 1 99999999999999999999 1e400 2020-13-45 -1h NaN [1,".split(" "),
  "",
  " ",
  "é😀",
  "\u202e",
  "a\nb",
  "*[?",
  "x".repeat(2000),
  '{"a":1}',
];

/** Commands whose result is what they find wrong: they say it on stdout. */
const FINDERS = ["check", "doctor", "verify"];

const TASK_FILE = `task({ name = "k", run = function() return true, "done" end })`;

/** Arguments, config files and imports that nobody meant: refused with a reason, never a stack, never exit 70. */
export const FUZZ: readonly Trial[] = [
  {
    name: "fuzzed arguments",
    rounds: { short: 60, long: 10_000 },
    run: (arena) =>
      fuzz(arena, "arguments", (sandbox, random) => {
        const rest = Array.from({ length: random.integer(0, 4) }, () => random.pick(WORDS));
        const args = [...random.pick(COMMANDS).split(" "), ...rest];
        return { args, run: sandbox.run(args, { hungAfter: 60_000 }) };
      }),
  },
  {
    name: "fuzzed config files",
    rounds: { short: 30, long: 10_000 },
    run: (arena) =>
      fuzz(arena, "files", (sandbox, random) => {
        const [name, text] = random.pick(CONFIGS);
        sandbox.write(`config/${name}`, mutate(text, random));
        sandbox.write("config/task.lua", TASK_FILE);
        const args = ["run", "task.lua", "-o", "json"];
        const run = sandbox.run(args, { cwd: `${sandbox.work}/config` });
        return { args, run: run.finally(() => Bun.file(`${sandbox.work}/config/${name}`).delete()) };
      }),
  },
  {
    name: "fuzzed imports",
    rounds: { short: 30, long: 10_000 },
    async run(arena) {
      using sandbox = await arena.createSandbox();
      for (const [key, value] of [
        ["text", '"a"'],
        ["list", "[1,[2],{}]"],
        ["int", "9007199254740993"],
        ["table", '{"a":{"b":null}}'],
      ] as const) {
        await sandbox.run(["state", "set", key, "--json", value]);
      }
      const exported = (await sandbox.run(["state", "export"])).stdout;
      return fuzz(arena, "files", (target, random) => {
        target.write("data.jsonl", mutate(exported, random));
        const args = ["state", "import", "data.jsonl", "--replace", "--yes", "-o", "json"];
        return { args, run: target.run(args) };
      });
    },
  },
];

const CONFIGS: readonly (readonly [name: string, text: string])[] = [
  ["runner.yaml", "state:\n  durability: normal\n  history: { keep: 10, for: 30d }\nrun: { jobs: 2 }\n"],
  ["runner.json", '{"state":{"max_value":"1MiB","busy_timeout":"3s"},"secrets":{"patterns":["*x*"]}}'],
  ["runner.toml", '[state]\ndurability = "full"\n[state.history]\nkeep = 3\n[lua]\nmemory = "64MiB"\n'],
];

interface Attempt {
  readonly args: readonly string[];
  readonly run: Promise<Finished>;
}

/** There is a fresh sandbox every hundred attempts, since some of them fill it. */
async function fuzz(
  { createSandbox, rounds, random }: Arena,
  what: string,
  attempt: (sandbox: Sandbox, random: Random) => Attempt,
) {
  const codes = new Map<number, number>();
  for (let done = 0; done < rounds; ) {
    using sandbox = await createSandbox();
    sandbox.write("task.lua", TASK_FILE);
    sandbox.write("bad.lua", "task({");
    sandbox.write("data.jsonl", '{"key":"a","value":1}\n');
    for (const end = Math.min(rounds, done + 100); done < end; done++) {
      const { args, run } = attempt(sandbox, random);
      const { exitCode, stdout, stderr } = await run;
      hold("no bug of runner's shows", exitCode !== 70, { args, stderr });
      hold("no stack is shown", args.includes("--debug") || !showsStack(stderr), {
        args,
        stderr,
      });
      const reason = FINDERS.some((finder) => args.includes(finder)) ? stdout + stderr : stderr;
      hold("a failure has a reason", exitCode === 0 || reason.trim() !== "", { args, exitCode });
      if (isForPrograms(args)) hold("stdout is JSON", isJson(stdout), { args, stdout, stderr });
      codes.set(exitCode, (codes.get(exitCode) ?? 0) + 1);
    }
  }
  const byCode = [...codes].sort(([a], [b]) => a - b).map(([code, times]) => `${code}: ${times}`);
  return { [`${what} fuzzed`]: rounds, "exit codes": byCode.join(", ") };
}

/** Whether the arguments ask for JSON in a way that the command must have understood. */
function isForPrograms(args: readonly string[]): boolean {
  const at = args.findIndex((arg) => arg === "-o" || arg === "--output");
  const end = args.indexOf("--");
  if (at < 0 || args[at + 1] !== "json" || (end >= 0 && end < at)) return false;
  return !args.some((arg) => ["--help", "-h", "text", "prometheus", "completions", "export"].includes(arg));
}

/** One JSON text, or one a line; nothing at all is both. */
function isJson(text: string): boolean {
  const parses = (part: string) => {
    try {
      JSON.parse(part);
      return true;
    } catch {
      return false;
    }
  };
  return text.trim() === "" || parses(text) || text.trimEnd().split("\n").every(parses);
}

/** The same text with some bytes changed, lost, doubled or moved. */
function mutate(text: string, random: Random): Uint8Array {
  let bytes: Uint8Array = Buffer.from(text);
  for (let times = random.integer(1, 4); times > 0; times--) {
    const at = random.integer(0, bytes.length);
    const to = Math.min(bytes.length, at + random.integer(1, 20));
    const insert = random.pick([
      () => random.bytes(random.integer(1, 4)),
      () =>
        Buffer.from(
          random.pick(["{", "}", '"', ":", "\n", ",", "[", "null", "1e999", "&a *a", "!!js", "\r", "\u0000"]),
        ),
      () => bytes.slice(at, to),
      () => new Uint8Array(0),
    ])();
    bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(random.next() < 0.5 ? at : to)]);
  }
  return bytes;
}
