import { plural } from "../../lib/text.ts";
import { listLocks } from "../../state/locks/survey.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { formatAge, NONE } from "../preview.ts";
import { renderTable } from "../table.ts";
import { formatLeft, formatLockName, lockToJson } from "./format.ts";

const COLUMNS = [
  { title: "LOCK" },
  { title: "HELD BY", flexible: true },
  { title: "TAKEN" },
  { title: "LEFT" },
  { title: "WAITING" },
] as const;

/** `runner lock list`. */
export const command = defineCommand({
  args: { ...OUTPUT, ...STORE },
  details: `LEFT is when the lease ends unless it is renewed, as long as its holder lives. In brackets is what runner itself
has locked for a script: (once), (cache), (transaction).`,
  examples: ["runner lock list", "runner lock list -o json"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const locks = await listLocks(context.store.backend);
    if (out.format === "json") out.line(JSON.stringify(locks.map(lockToJson), undefined, 2));
    else if (locks.length === 0) out.note("No lock is held.");
    else {
      const rows = locks.map(({ name, holder, lease, secondsLeft, waiting }) => [
        formatLockName(name),
        holder,
        formatAge(lease.takenAt, Date.now()),
        formatLeft(secondsLeft),
        waiting === 0 ? NONE : plural(waiting, "other"),
      ]);
      out.line(renderTable(COLUMNS, rows, out));
    }
    return 0;
  },
});
