import { type Loaded, type LoadItem, type LoadOptions, RunnerError, type Writer } from "runner";
import type { Engine } from "./engine.ts";
import { expiryText, toStored } from "./record.ts";
import { SCRIPTS } from "./scripts.ts";

/**
 * What is put in place in one step: the server does nothing else meanwhile, and takes some 30 µs an entry. More than that is
 * made a store beside this one, part by part, which takes the place of one that is new.
 */
const MOST_ITEMS = 250_000;
const MOST_CHARACTERS = 512 * 2 ** 20;
/** One such part: the server is done with it in about half a second. */
const PART_ITEMS = 20_000;
const PART_CHARACTERS = 32 * 2 ** 20;
/** What is sent at a time: items, and characters. */
const BATCH_ITEMS = 2000;
const BATCH_CHARACTERS = 2 ** 20;
/** How long the server keeps a store to which no part is added, in ms. */
const KEPT_ASIDE_MS = 600_000;
const FIELDS = 7;

type LoadedAt = Loaded & { readonly revision: number };

/**
 * Loads entries in one commit, see `Backend.load`: brings them to where nobody sees them, and has the server put
 * them in place at once.
 */
export async function load(
  engine: Engine,
  items: Iterable<LoadItem>,
  options: LoadOptions,
  by: Writer,
): Promise<LoadedAt> {
  const work = new Loading(engine, options, by);
  try {
    const seen = new Set<string>();
    for (const { space, entry } of items) {
      const place = `${space} ${entry.key}`;
      if (seen.has(place)) throw twice(entry.key);
      seen.add(place);
      await work.add({ space, entry });
    }
    return await work.finish();
  } catch (error) {
    // Else the server would keep what it was brought for some minutes.
    await work.discard().catch(() => undefined);
    throw error;
  }
}

/** One load under way. */
class Loading {
  readonly #id = crypto.randomUUID();
  /** Whether parts are put into a store aside; not known before there is one. */
  #inParts: boolean | undefined;
  #batch: string[] = [];
  #waiting = 0;
  /** What is staged and not put in place yet. */
  #items = 0;
  #words = 0;
  #characters = 0;
  #written = 0;

  constructor(
    private readonly engine: Engine,
    private readonly options: LoadOptions,
    private readonly by: Writer,
  ) {}

  async add({ space, entry }: LoadItem): Promise<void> {
    const { key, value, createdAt, updatedAt, expiresAt } = entry;
    const { form, data } = toStored(key, value);
    this.#batch.push(space, key, String(createdAt), String(updatedAt), expiryText(expiresAt), form, data);
    this.#waiting += data.length;
    this.#characters += data.length;
    this.#items++;
    if (this.#items > MOST_ITEMS || this.#characters > MOST_CHARACTERS) throw tooLarge();
    if (this.#batch.length >= BATCH_ITEMS * FIELDS || this.#waiting > BATCH_CHARACTERS) await this.#flush();
    if (this.#items >= PART_ITEMS || this.#characters > PART_CHARACTERS) await this.#part();
  }

  async finish(): Promise<LoadedAt> {
    await this.#flush();
    if (!this.#inParts) {
      const answer = await this.engine.commit(SCRIPTS.load, this.#id, this.#wordsOf(this.options, ""));
      const [, revision = 0, written = 0, same = 0, removed = 0] = answer.map(Number);
      return { revision, written, same, removed };
    }
    if (this.#items > 0) await this.#putAside();
    const words = [this.#aside, String(this.#written)];
    const [, revision, written] = await this.engine.commit(SCRIPTS.swap, this.#id, words);
    return { revision: Number(revision), written: Number(written), same: 0, removed: 0 };
  }

  async discard(): Promise<void> {
    await this.engine.ask(SCRIPTS.discard, [this.#id]);
    if (this.#inParts) await this.engine.aside(this.#aside, SCRIPTS.erase, []);
  }

  get #aside(): string {
    return `load:${this.#id}:`;
  }

  /** Puts what there is by now into a store aside, if only a new store is to take it. */
  async #part(): Promise<void> {
    if (this.#inParts === undefined) {
      const [, revision] = await this.engine.ask(SCRIPTS.read, []);
      this.#inParts = revision === 0;
    }
    if (this.#inParts) await this.#putAside();
  }

  async #putAside(): Promise<void> {
    await this.#flush();
    const above = this.#written === 0 ? this.options.above : "=";
    const words = this.#wordsOf({ above, replace: [] }, String(KEPT_ASIDE_MS));
    await this.engine.aside(this.#aside, SCRIPTS.load, words, crypto.randomUUID());
    this.#written += this.#items;
    [this.#items, this.#words, this.#characters] = [0, 0, 0];
  }

  #wordsOf({ above, replace }: { above: number | "="; replace: readonly string[] }, kept: string): string[] {
    return [JSON.stringify(this.by), String(above), String(this.#items), this.#id, kept, ...replace];
  }

  async #flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    await this.engine.ask(SCRIPTS.stage, [this.#id, String(this.#words), ...this.#batch]);
    this.#words += this.#batch.length;
    [this.#batch, this.#waiting] = [[], 0];
  }
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
    `Cannot load all of it: into a store that is in use, Redis takes at most ${most} in one commit. Nothing was ` +
      "changed. Load it into a new store (another --agent), or bring it into a file with --db FILE, and that here in " +
      "steps: runner state migrate --from sqlite:FILE --to URL",
  );
}
