import { type Loaded, type LoadItem, type LoadOptions, RunnerError, type Writer } from "runner";
import type { Engine } from "./engine.ts";
import { expiryText, toStored } from "./record.ts";
import { SCRIPTS } from "./scripts.ts";

/** What one load may bring: the server does nothing else while it takes it in. */
const MOST_ITEMS = 250_000;
const MOST_CHARACTERS = 512 * 2 ** 20;
/** What is sent at a time: items, and characters. */
const BATCH_ITEMS = 2000;
const BATCH_CHARACTERS = 2 ** 20;

/**
 * Loads entries in one commit, see `Backend.load`: brings them to where nobody sees them, and has the server put
 * them in place at once.
 */
export async function load(
  engine: Engine,
  items: Iterable<LoadItem>,
  { replace, above }: LoadOptions,
  by: Writer,
): Promise<Loaded & { readonly revision: number }> {
  const id = crypto.randomUUID();
  const seen = new Set<string>();
  let [batch, waiting, sent] = [[] as string[], 0, 0];
  let staged = 0;
  const flush = async () => {
    if (batch.length > 0) await engine.ask(SCRIPTS.stage, [id, String(staged), ...batch]);
    staged += batch.length;
    [batch, waiting] = [[], 0];
  };
  for (const { space, entry } of items) {
    const { key, value, createdAt, updatedAt, expiresAt } = entry;
    const place = `${space} ${key}`;
    if (seen.has(place)) throw twice(key);
    seen.add(place);
    const { form, data } = toStored(key, value);
    batch.push(space, key, String(createdAt), String(updatedAt), expiryText(expiresAt), form, data);
    waiting += data.length;
    sent += data.length;
    if (seen.size > MOST_ITEMS || sent > MOST_CHARACTERS) throw tooLarge();
    if (batch.length >= BATCH_ITEMS * 7 || waiting > BATCH_CHARACTERS) await flush();
  }
  await flush();
  const words = [JSON.stringify(by), String(above), String(seen.size), ...replace];
  const answer = await engine.commit(SCRIPTS.load, id, words);
  const [, revision, written, same, removed] = answer.map(Number);
  return { revision: revision ?? 0, written: written ?? 0, same: same ?? 0, removed: removed ?? 0 };
}

function twice(key: string): RunnerError {
  return new RunnerError(
    "invalid",
    `Cannot load ${JSON.stringify(key)}: it comes twice. Nothing was changed; leave one of the two out.`,
  );
}

function tooLarge(): RunnerError {
  const most = `${MOST_ITEMS.toLocaleString("en")} entries or ${MOST_CHARACTERS / 2 ** 20} MiB`;
  return new RunnerError(
    "too_large",
    `Cannot load all of it: Redis takes at most ${most} in one commit. Nothing was changed. Bring it into a file ` +
      "with --db FILE, and that here: runner state migrate --from sqlite:FILE --to URL",
  );
}
