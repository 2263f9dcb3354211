import { RunnerError } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/suggest.ts";
import { formatCount } from "../../lib/text.ts";
import { listLocks, showLock } from "../../state/locks/survey.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { formatAge } from "../preview.ts";
import { formatTime } from "../state/entries.ts";
import { renderFacts } from "../table.ts";
import { formatLeft, formatLockName, lockToJson } from "./format.ts";

/** `runner lock show`. */
export const command = defineCommand({
  args: {
    name: { type: "positional", description: "Name of the lock", completes: "lock" },
    ...OUTPUT,
    ...STORE,
  },
  details: "Who holds it, since when and for how long. A lock that nobody holds is exit code 3.",
  examples: ["runner lock run nightly -- runner lock show nightly"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { backend } = context.store;
    const lock = await showLock(backend, args.name);
    if (lock === undefined) {
      const names = (await listLocks(backend)).map(({ name }) => name);
      const hint = didYouMean(args.name, names) || " See those that are held: runner lock list";
      throw new RunnerError("not_found", `Cannot show lock "${args.name}": nobody holds it.${hint}`);
    }
    if (out.format === "json") {
      out.line(JSON.stringify(lockToJson(lock), undefined, 2));
      return 0;
    }
    const { lease } = lock;
    const facts: [string, string][] = [
      ["lock", formatLockName(lock.name)],
      ["held by", lock.holder],
      ["taken", `${formatTime(lease.takenAt)} (${formatAge(lease.takenAt, Date.now())})`],
      ["left", formatLeft(lock.secondsLeft)],
      ["token", formatCount(lease.token)],
      ["waiting", formatCount(lock.waiting)],
    ];
    out.line(renderFacts(facts, out.style));
    return 0;
  },
});
