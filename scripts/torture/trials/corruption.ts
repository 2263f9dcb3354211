import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../../../test/helpers/binary.ts";
import type { Random } from "../random.ts";
import { hold, type Trial } from "../trial.ts";

const KEYS = 60;
const NEWEST = "3";

/** Values of one page and of several; each has had others before. */
const WRITER = `
for version = 1, ${NEWEST} do
  for i = 1, ${KEYS} do
    state.set("key:" .. i, "key:" .. i .. " v" .. version .. " " .. string.rep("x", i % 10 == 7 and 9000 or 20))
  end
end
if values.wait then print("written") io.flush() time.sleep(60) end`;

/** For each key the version that was written under it, "absent", the code of an error, or WRONG. */
const READER = `
for i = 1, ${KEYS} do
  local key = "key:" .. i
  local ok, value = pcall(state.get, key)
  if not ok then print(value.code)
  elseif value == nil then print("absent")
  else
    local version, fill = value:match("^" .. key .. " v(%d) (x+)$")
    print(version and #fill == (i % 10 == 7 and 9000 or 20) and version or "WRONG")
  end
end`;

/** A store's file, with its log beside it or without. */
type Files = ReadonlyMap<"" | "-wal", Buffer>;

/** Bytes of the file or of its log are changed: what was not written under a key is never read. */
export const CORRUPTION: Trial = {
  name: "bytes of the file and its log changed",
  rounds: { short: 12, long: 2000 },
  async run({ createSandbox, rounds, random }) {
    using sandbox = await createSandbox();
    sandbox.write("writer.lua", WRITER);
    sandbox.write("reader.lua", READER);
    const pristine = [await fill(sandbox, "closed"), await fill(sandbox, "killed")];
    const db = join(sandbox.work, "harmed.db");
    const figures = {
      "places harmed": rounds,
      unreadable: 0,
      "as of earlier": 0,
      unharmed: 0,
      "read wrong": 0,
    };
    for (let round = 0; round < rounds; round++) {
      const files = random.pick(pristine);
      const part = random.pick([...files.keys()]);
      const harmed = harm(files, part, random);
      place(db, harmed);
      const read = await sandbox.run(["run", "reader.lua", "--db", db]);
      hold("the file is still there", existsSync(db));
      const seen = read.stdout.split("\n").slice(0, -1);
      hold("nothing is read that was not written", !seen.includes("WRONG"), read.stdout);
      const refused = seen.length < KEYS;
      if (refused) hold("a store that cannot be read is refused with 6", read.exitCode === 6, read);
      const missing = refused || seen.some((version) => version !== NEWEST);
      place(db, harmed);
      const verified = await sandbox.run(["state", "verify", "--db", db]);
      hold("verify ends with 0 or 6", [0, 6].includes(verified.exitCode), verified);
      // A log that breaks off is what a crash leaves: the store is as of an earlier commit then, and whole.
      if (missing && part === "")
        hold("verify finds what is missing", verified.exitCode === 6, { seen, verified });
      if (refused || seen.includes("damaged")) figures.unreadable++;
      else if (missing) figures["as of earlier"]++;
      else figures.unharmed++;
    }
    return figures;
  },
};

/** Fills a store and gives its files: closed, with all in one file; killed, with the last of it in the log. */
async function fill(sandbox: Sandbox, end: "closed" | "killed"): Promise<Files> {
  const db = join(sandbox.work, `${end}.db`);
  const args = ["run", "writer.lua", "--db", db];
  const env = { RUNNER_STATE_DURABILITY: "normal" };
  if (end === "closed") hold("the writer ends well", (await sandbox.run(args, { env })).exitCode === 0);
  else {
    const writer = sandbox.spawn([...args, "--set", "wait=true"], { env });
    await writer.untilStdout("written");
    writer.kill("SIGKILL");
    await writer.finished;
  }
  const suffixes = (["", "-wal"] as const).filter((suffix) => existsSync(db + suffix));
  return new Map(suffixes.map((suffix) => [suffix, readFileSync(db + suffix)]));
}

/** A copy of the files with some bytes of one of them changed. */
function harm(files: Files, part: "" | "-wal", random: Random): Files {
  return new Map(
    [...files].map(([suffix, content]) => {
      const copy = Buffer.from(content);
      if (suffix === part) {
        const at = random.integer(0, copy.length - 1);
        copy.set(random.bytes(random.pick([1, 1, 8, 512])).subarray(0, copy.length - at), at);
      }
      return [suffix, copy];
    }),
  );
}

function place(db: string, files: Files): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(db + suffix, { force: true });
  for (const [suffix, content] of files) writeFileSync(db + suffix, content);
}
