import { RunnerError } from "../../lib/errors.ts";
import { hasCode, STDERR, STDOUT, writeWhole } from "../../lib/stdio.ts";
import { escapeControls, formatCount } from "../../lib/text.ts";
import { MASK } from "../../modules/secrets.ts";
import type { Version } from "../../state/store.ts";
import { checkPattern, watch } from "../../state/watch.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { bareText, previewValue } from "../preview.ts";
import { secretMatcher } from "../secrets.ts";
import { formatTime } from "./entries.ts";
import { versionToJson } from "./history.ts";
import { formatWriter } from "./writer.ts";

/** `runner state watch`. */
export const command = defineCommand({
  args: {
    pattern: { type: "positional", description: "Keys to follow: * ? [a-z], \\ before one of these" },
    command: {
      type: "positional",
      required: false,
      rest: true,
      description: "Program and arguments to run for each change, after --",
    },
    after: { type: "string", valueHint: "REVISION", description: "Begin after it; without it, from now on" },
    count: { type: "string", valueHint: "N", description: "End after so many changes" },
    ...OUTPUT,
    ...STORE,
  },
  details: `Prints each change as it lands, whoever made it, and goes on until it is stopped; with -o json, a line of JSON each. To
go on where it ended, give --after the revision before the last one that was printed: a commit of several keys is
several changes of one revision. What is no longer kept is exit code 6.
The command runs once for each change, one after the other, with RUNNER_KEY, RUNNER_REVISION and RUNNER_KIND (put,
delete or expire) in its environment and the bare value on its stdin. When it fails, that is said and the next
change follows.`,
  examples: [
    "runner state watch 'deploy:*' --after 0 --count 1",
    "runner state watch 'deploy:*' --after 0 --count 1 -- sh -c 'echo $RUNNER_KEY: $(cat)'",
  ],
  async run({ args, out }) {
    checkPattern(args.pattern);
    const count = args.count === undefined ? Infinity : parseWhole(args.count, "--count", 1);
    await using context = await openContext(args);
    const { store } = context;
    const newest = await store.backend.revision();
    const after = args.after === undefined ? newest : parseWhole(args.after, "--after", 0);
    if (after > newest) {
      const why = `the store is at revision ${formatCount(newest)}`;
      throw new RunnerError(
        "usage",
        `Cannot watch after revision ${formatCount(after)}: ${why}. Give one up to that.`,
      );
    }
    const isSecret = secretMatcher(context.config.settings["secrets.patterns"]);
    const end = new AbortController();
    let seen = 0;
    for await (const change of watch(store, args.pattern, { after, signal: end.signal })) {
      if (args.command.length > 0) await runFor(change, args.command);
      else if (out.format === "json") print(JSON.stringify(versionToJson(change, isSecret(change.key))));
      else print(lineOf(change, isSecret(change.key)));
      if (++seen >= count) end.abort();
    }
    return 0;
  },
});

function print(line: string): void {
  writeWhole(STDOUT, `${line}\n`);
}

function lineOf({ revision, at, key, kind, value, by }: Version, secret: boolean): string {
  const shown = value === undefined ? `(${kind}d)` : secret ? MASK : previewValue(value);
  return [formatCount(revision), formatTime(at), escapeControls(key), shown, formatWriter(by)].join("   ");
}

async function runFor({ key, revision, kind, value }: Version, argv: readonly string[]): Promise<void> {
  const input = value === undefined ? "" : value instanceof Uint8Array ? value : bareText(value);
  const env = { RUNNER_KEY: key, RUNNER_REVISION: String(revision), RUNNER_KIND: kind };
  try {
    const child = Bun.spawn([...argv], {
      stdin: new Blob([typeof input === "string" ? input : new Uint8Array(input)]),
      stdout: "inherit",
      stderr: "inherit",
      env: { ...process.env, ...env },
    });
    const exitCode = await child.exited;
    if (exitCode !== 0) note(`${argv[0]} ended with exit code ${exitCode} for ${JSON.stringify(key)}.`);
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "EACCES")) throw error;
    throw new RunnerError(
      "not_found",
      `Cannot run "${argv[0]}": there is no such program. Is it installed and on PATH?`,
      { cause: error },
    );
  }
}

function note(text: string): void {
  writeWhole(STDERR, `${text}\n`);
}

function parseWhole(text: string, option: string, least: number): number {
  if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
  throw new RunnerError("usage", `Cannot use "${option} ${text}": expected a whole number from ${least} up.`);
}
