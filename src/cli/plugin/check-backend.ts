import { dirname, join } from "node:path";
import type { Backend } from "../../backends/backend.ts";
import { type CaseResult, countCases, runBackendContract } from "../../contract/run.ts";
import { beforeEnding } from "../../lib/ending.ts";
import { exitCodeOf, RunnerError } from "../../lib/errors.ts";
import { plural } from "../../lib/text.ts";
import { openPluginBackend } from "../../plugins/backends.ts";
import type { BackendOptions } from "../../plugins/contract.ts";
import { wholeOf } from "../../plugins/places.ts";
import { showProblem } from "../../plugins/problem.ts";
import { KNOWN_BACKENDS, openBackend } from "../../state/open.ts";
import { settle } from "../context.ts";
import type { Output } from "../output.ts";
import { showProgress } from "../progress.ts";
import { optionsOf } from "./backend.ts";
import { pluginPlaces } from "./places.ts";
import { isPath } from "./show.ts";
import { surveyPath } from "./survey.ts";
import { makeWorkshop } from "./workshop.ts";

/**
 * Runs the contract of state backends against that of a plugin, by its name or the plugin's path. Each case works under
 * the name of an agent of its own. 0 when it keeps the contract, 5 when not.
 */
export async function checkBackend(
  given: string,
  { url }: { readonly url?: string | undefined },
  out: Output,
): Promise<number> {
  const settled = await settle();
  const { settings } = settled.config;
  const { name, folder } = await locate(given);
  const places = pluginPlaces(settled, { plugins: folder === undefined ? [] : [folder] });
  const target = url ?? settings["state.url"];
  const run = Bun.randomUUIDv7().slice(-12);
  using workshop = makeWorkshop();
  const openNumber = (number: number, now: () => number) => {
    const options: BackendOptions = {
      ...optionsOf(settled, `check-${run}-${number}`, target),
      durability: "normal",
      cacheSize: 0,
      now,
    };
    return KNOWN_BACKENDS.includes(name)
      ? openBackend({ ...options, backend: name, path: join(workshop.path, `${number}.db`) })
      : openPluginBackend(name, options, places);
  };
  await using stores = new CheckedStores(openNumber);
  const open = (now: () => number) => stores.open(now);
  // A server that does not answer would fail every case.
  const probe = await open(Date.now).catch((error: unknown) => {
    if (places.distrust === undefined || !(error instanceof RunnerError)) throw error;
    throw new RunnerError(error.code, `${error.message}\n${places.distrust}`, { cause: error });
  });
  await probe.backend.revision();
  await probe.dispose();
  const subject = { name, open };
  const results: CaseResult[] = [];
  {
    using bar = showProgress("cases", countCases(subject));
    const onResult = (result: CaseResult) => {
      results.push(result);
      bar.advance(1);
    };
    await runBackendContract(subject, { onResult });
  }
  const failed = results.filter((result) => !result.passed);
  const passed = results.length - failed.length;
  if (out.format === "text") {
    for (const { topic, title, reason } of failed)
      out.note(`✗ ${topic}: ${title}\n  ${reason?.replaceAll("\n", "\n  ")}`);
  }
  if (out.format === "json")
    out.line(JSON.stringify({ backend: name, passed, failed: failed.length, cases: results }));
  else {
    const verdict = failed.length === 0 ? `${name} keeps the contract` : `${name} breaks the contract`;
    out.line(`${verdict}: ${plural(passed, "case")} passed, ${failed.length} failed`);
  }
  return failed.length === 0 ? 0 : exitCodeOf("invalid");
}

/** The stores of the cases: each is removed when its case ends; those of cases that hang, or that a signal ends, as well. */
class CheckedStores implements AsyncDisposable {
  readonly #stores = new Map<number, { readonly opened: Promise<Backend>; removed?: Promise<void> }>();
  readonly #callOff = beforeEnding({ act: () => this.#end(), when: "always" });
  #count = 0;
  #ended = false;

  constructor(private readonly openNumber: (number: number, now: () => number) => Promise<Backend>) {}

  async open(now: () => number): Promise<{ backend: Backend; dispose: () => Promise<void> }> {
    // A signal ends the process in a moment, and nothing must come to the server any more.
    if (this.#ended) return new Promise(() => undefined);
    const number = ++this.#count;
    const opened = this.openNumber(number, now);
    this.#stores.set(number, { opened });
    return { backend: await opened, dispose: () => this.#remove(number) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    this.#callOff();
  }

  async #end(): Promise<void> {
    this.#ended = true;
    await Promise.allSettled([...this.#stores.keys()].map((number) => this.#remove(number)));
  }

  async #remove(number: number): Promise<void> {
    const store = this.#stores.get(number);
    if (store === undefined) return;
    store.removed ??= this.#erase(number, store.opened);
    await store.removed;
    this.#stores.delete(number);
  }

  async #erase(number: number, opened: Promise<Backend>): Promise<void> {
    const backend = await opened;
    await backend.close();
    if (backend.erase === undefined) return;
    // By a connection of its own: the case may have left the other in any state.
    const again = await this.openNumber(number, Date.now);
    try {
      await again.erase?.();
    } finally {
      await again.close();
    }
  }
}

/** The name of the backend, and where its plugin is when that was given. */
async function locate(given: string): Promise<{ name: string; folder?: string }> {
  if (!isPath(given)) return { name: given };
  const { backends, file, problem, name } = await surveyPath(given);
  if (problem !== null)
    throw new RunnerError("invalid", showProblem({ plugin: name, file, reason: problem }));
  const [backend] = backends;
  if (backend === undefined)
    throw new RunnerError("invalid", `Cannot check "${given}": the plugin has no backend.`);
  return { name: backend, folder: dirname(wholeOf(file)) };
}
