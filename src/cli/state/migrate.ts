import type { Backend, BackendStats } from "../../backends/backend.ts";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { resolve } from "../../lib/path.ts";
import { plural } from "../../lib/text.ts";
import { checkAgentName, fileOf, KNOWN_BACKENDS, openBackend } from "../../state/open.ts";
import { copyEntries, digestOf } from "../../state/transfer/copy.ts";
import { copyWhole } from "../../state/transfer/whole.ts";
import { defineCommand } from "../command.ts";
import { describeWriter, type Settled, settle } from "../context.ts";
import { OUTPUT } from "../options.ts";
import { showProgress } from "../progress.ts";

/** `runner state migrate`. */
export const command = defineCommand({
  args: {
    from: {
      type: "string",
      valueHint: "URL",
      description: "The store to read: sqlite:PATH, memory:, redis://HOST",
    },
    to: { type: "string", valueHint: "URL", description: "The store to fill" },
    agent: { type: "string", valueHint: "NAME", description: "Whose store it is, on a server (local)" },
    ...OUTPUT,
  },
  details: `Copies all entries with their times and expiry, the journal of runs and what "once" keeps, but
no locks. From sqlite to a file that is not there yet, the history comes along, with revisions,
times and writers. To any other store it does not, because revisions there go on above its own
and never back: how many earlier versions stay behind is said before. Keep the old store, or a
"runner state backup" of it, to look at them. When it breaks off, the same command goes on
where it was. In the end both are compared by count and hash: keys that only the new store
has, or a store that changed meanwhile, are exit code 4. Run it again then, with nothing
writing.`,
  examples: [
    "runner state set a 1 --db old.db && runner state migrate --from sqlite:old.db --to sqlite:new.db",
  ],
  async run({ args, out }) {
    const [fromUrl, toUrl] = [need(args.from, "from"), need(args.to, "to")];
    if (fromUrl === toUrl)
      throw new RunnerError("usage", 'Cannot migrate: "--from" and "--to" are the same store.');
    const agent = args.agent ?? "local";
    checkAgentName(agent);
    const settled = await settle();
    if (toUrl.startsWith("memory:")) {
      throw new RunnerError(
        "usage",
        `Cannot migrate to "${toUrl}": the memory backend keeps nothing after this command. Name another.`,
      );
    }
    const from = await open(fromUrl, agent, settled);
    const to = await open(toUrl, agent, settled);
    checkApart(from, to);
    const [old, next] = [from.location ?? fromUrl, to.location ?? toUrl];
    try {
      const stats = await from.stats();
      if (from.durable && stats.revision === 0) {
        throw new RunnerError("not_found", `Cannot migrate "${old}": there is no store, or it is empty.`);
      }
      const total = Object.values(stats.keysByType).reduce((sum, count) => sum + count, 0);
      using bar = showProgress("migrate", total);
      const progress = (entries: number) => bar.advance(entries);
      const by = describeWriter(undefined);
      const file = fileOf(to);
      const whole = file !== undefined && (await copyWhole(from, file, by));
      const left = whole ? 0 : await versionsLeft(stats, to);
      if (left > 0) {
        const versions = plural(left, "earlier version");
        out.note(`${versions} in the history of ${old} will not be in ${next}: its history begins here.`);
      }
      const copied = await copyEntries({ from, to, by, progress });
      const [before, after] = [await digestOf(from), await digestOf(to)];
      if (before.sha256 !== after.sha256) {
        const counts = `${plural(before.entries, "value")} there, ${plural(after.entries, "value")} here`;
        throw new RunnerError(
          "conflict",
          `Cannot finish the migration: "${next}" does not equal "${old}" (${counts}). ` +
            "Let nothing write to either, start with an empty store, and run it again.",
        );
      }
      if (out.format === "json") out.line(JSON.stringify({ ...copied, ...after, versionsLeft: left }));
      else
        out.line(
          `Migrated ${plural(after.entries, "value")}; both sides are equal (sha256 ${after.sha256.slice(0, 12)}…).`,
        );
      return 0;
    } finally {
      await to.close();
      await from.close();
    }
  },
});

/** How many earlier versions the history of a store has that another one will not get. */
async function versionsLeft({ historyRecords, keysByType }: BackendStats, to: Backend): Promise<number> {
  const keys = Object.values(keysByType).reduce((sum, count) => sum + count, 0);
  const { historyRecords: there = 0 } = await to.stats();
  return Math.max(0, (historyRecords ?? keys) - Math.max(keys, there));
}

function need(url: string | undefined, name: string): string {
  if (url !== undefined) return url;
  throw new RunnerError("usage", `Cannot migrate: "--${name}" is missing. See: runner state migrate --help`);
}

/** Raises `usage` when both are the same file, however it was named. */
function checkApart(from: Backend, to: Backend): void {
  const [old, next] = [fileOf(from), fileOf(to)];
  if (old === undefined || next === undefined || identify(old) !== identify(next)) return;
  throw new RunnerError(
    "usage",
    `Cannot migrate: "${old}" and "${next}" are the same store. Name another one to fill.`,
  );
}

/** What tells a file from others; its path where there is none yet. */
function identify(file: string): string {
  const stat = node.fs.statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? file : `${stat.dev}:${stat.ino}`;
}

/** The backend of a URL: its name, a colon, and where it is. */
async function open(url: string, agent: string, settled: Settled): Promise<Backend> {
  const colon = url.indexOf(":");
  const [backend, path] = colon < 0 ? ["sqlite", url] : [url.slice(0, colon), url.slice(colon + 1)];
  if (!KNOWN_BACKENDS.includes(backend)) {
    // Loaded here alone, so that nothing else pays for plugins.
    const { openBackendOfUrl } = await import("../plugin/backend.ts");
    return openBackendOfUrl(url, agent, settled);
  }
  if (backend === "sqlite" && path === "") {
    throw new RunnerError("usage", `Cannot open "${url}": it names no file. Write sqlite:PATH.`);
  }
  const { settings } = settled.config;
  const options = { durability: settings["state.durability"], busyTimeout: settings["state.busy_timeout"] };
  return openBackend({ backend, path: path === "" ? "" : resolve(path), ...options });
}
