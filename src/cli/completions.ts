import { readdirSync } from "node:fs";
import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { BUILT_INS } from "../plugins/builtin.ts";
import { listLocks } from "../state/locks/survey.ts";
import { KNOWN_BACKENDS } from "../state/open.ts";
import { defineCommand } from "./command.ts";
import { ROOT } from "./commands.ts";
import { type Candidate, complete, type Kind, splitLine } from "./complete.ts";
import bash from "./completions/runner.bash" with { type: "text" };
import fish from "./completions/runner.fish" with { type: "text" };
import zsh from "./completions/runner.zsh" with { type: "text" };
import { openContext } from "./context.ts";
import { listAdded } from "./plugin/added.ts";

const SCRIPTS: Readonly<Record<string, string>> = { bash, zsh, fish };

/** How long a person may wait for words, in ms. */
const PATIENCE = 2000;
/** More than a person wants to choose from. */
const MOST = 200;

/** `runner completions`. */
export const command = defineCommand({
  args: {
    shell: { type: "positional", description: "bash, zsh or fish", completes: Object.keys(SCRIPTS) },
    line: {
      type: "positional",
      required: false,
      description: "After the word words: a line up to the cursor",
    },
  },
  details: `Prints a script for the shell that completes commands, options, keys, locks and tasks.
For good: put the line of the example for bash into ~/.bashrc, and "source <(runner completions zsh)" into ~/.zshrc after
compinit; for fish run "runner completions fish > ~/.config/fish/completions/runner.fish". The script asks
"runner completions words -- LINE" for the words.`,
  examples: ["runner completions bash > runner.bash", "runner completions words -- 'runner state g'"],
  async run({ args: { shell, line }, out }) {
    if (shell === "words") {
      for (const { word, description } of await withinPatience(wordsFor(line ?? ""))) {
        // A word with a line end cannot be written in a list of lines.
        if (!/\p{Cc}/u.test(word)) out.line(`${word}\t${description.replace(/\s+/g, " ")}`);
      }
      return 0;
    }
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined || line !== undefined) {
      const hint = didYouMean(shell, Object.keys(SCRIPTS));
      throw new RunnerError("usage", `Cannot complete for "${shell}": there are bash, zsh and fish.${hint}`);
    }
    out.raw(script);
    return 0;
  },
});

async function wordsFor(line: string): Promise<readonly Candidate[]> {
  const backends = [...KNOWN_BACKENDS, ...BUILT_INS.flatMap((plugin) => plugin.backends)];
  const commands = async () => (await listAdded()).commands;
  return complete(splitLine(line).slice(1), ROOT, { commands, backends, words: look });
}

/** Nothing when it takes too long or fails: there is no good place for a message in the middle of a line. */
async function withinPatience(words: Promise<readonly Candidate[]>): Promise<readonly Candidate[]> {
  return Promise.race([words.catch(() => []), Bun.sleep(PATIENCE).then(() => [])]);
}

async function look(
  kind: Kind,
  prefix: string,
  given: ReadonlyMap<string, string>,
): Promise<readonly Candidate[]> {
  if (kind === "task") return [...(await findTasks(given)), ...listTaskFiles()];
  const [agent, backend, db] = [given.get("agent"), given.get("backend"), given.get("db")];
  await using context = await openContext({ agent, backend, db });
  if (kind === "lock") {
    const locks = await listLocks(context.store.backend);
    return locks.map(({ name, holder }) => ({ word: name, description: holder }));
  }
  const pattern = `${prefix.replace(/[\\*?[]/g, "\\$&")}*`;
  const { entries } = await context.store.scan(pattern, { limit: MOST });
  return entries.map(({ key, type }) => ({ word: key, description: type }));
}

/** The tasks of the file that the line names, else of the one that is found. A file that hangs is given up. */
async function findTasks(given: ReadonlyMap<string, string>): Promise<readonly Candidate[]> {
  const file = given.get("file");
  const list = Bun.spawn([process.execPath, "list", ...(file === undefined ? [] : [file]), "-o", "json"], {
    stdin: "ignore",
    stderr: "ignore",
    // Before we give up ourselves: nobody else would end it.
    timeout: PATIENCE - 500,
    killSignal: "SIGKILL",
  });
  const text = await new Response(list.stdout).text();
  if ((await list.exited) !== 0) return [];
  // Written by "runner list" of this very program.
  const tasks = JSON.parse(text) as readonly {
    readonly name: string;
    readonly description?: string | null;
  }[];
  return tasks.map(({ name, description }) => ({ word: name, description: description ?? "" }));
}

function listTaskFiles(): readonly Candidate[] {
  const files = readdirSync(".").filter((name) => /\.(lua|sloth)$/.test(name));
  return files.map((word) => ({ word, description: "file" }));
}
