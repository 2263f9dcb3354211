import { RunnerError } from "../../lib/errors.ts";
import { formatCount } from "../../lib/text.ts";
import { type Moment, parseMoment } from "../../state/moment.ts";
import { defineCommand } from "../command.ts";
import { type Context, openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { absentKey } from "./absent.ts";

/** `runner state revert`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key to bring back", completes: "key" },
    to: { type: "string", valueHint: "REVISION|TIME", description: "The version in force then" },
    ...OUTPUT,
    ...STORE,
  },
  details: `Gives the key the value that it had then, as a new version: nothing is lost, and an expiry stays. If it had none then,
the key is deleted. A version that is no longer kept is exit code 6.`,
  examples: ["runner state revert deploy:version --to 2h", "runner state revert deploy:version --to 2"],
  async run({ args, out }) {
    const { key, to } = args;
    if (to === undefined) {
      throw new RunnerError(
        "usage",
        `Cannot revert "${key}": say to which version, with --to. See them: runner state history ${key}`,
      );
    }
    await using context = await openContext(args);
    const { store } = context;
    const moment = parseMoment(to, store.backend.now());
    await checkTarget(key, moment, context);
    const reverted = await store.revert(key, moment);
    if (out.format === "json") out.line(JSON.stringify({ key, ...reverted }));
    else if (!reverted.changed) out.line(`${JSON.stringify(key)} is as it was then already.`);
    else if (reverted.to === null) out.line(`Deleted ${JSON.stringify(key)}: it had no value then.`);
    else out.line(`Brought ${JSON.stringify(key)} back to revision ${formatCount(reverted.to)}.`);
    return 0;
  },
});

/** Raises `not_found` for a key that never was, and for a revision that is still to come: both are mistyped. */
async function checkTarget(key: string, moment: Moment, context: Context): Promise<void> {
  const { store } = context;
  const [newest] = await store.history(key, 1);
  if (newest === undefined && !(await store.exists(key))) throw await absentKey(key, context);
  if (!("revision" in moment)) return;
  const last = await store.backend.revision();
  if (moment.revision <= last) return;
  throw new RunnerError(
    "not_found",
    `Cannot revert "${key}" to revision ${formatCount(moment.revision)}: the newest is ${formatCount(last)}. See them: runner state history ${key}`,
  );
}
