import { dirname, join } from "node:path";
import { type CaseResult, countCases, runBackendContract } from "../../contract/run.ts";
import { RunnerError } from "../../lib/errors.ts";
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
  let count = 0;
  const open = async (now: () => number) => {
    count++;
    const options: BackendOptions = {
      ...optionsOf(settled, `check-${run}-${count}`, target),
      durability: "normal",
      cacheSize: 0,
      now,
    };
    const backend = KNOWN_BACKENDS.includes(name)
      ? await openBackend({ ...options, backend: name, path: join(workshop.path, `${count}.db`) })
      : await openPluginBackend(name, options, places);
    return { backend, dispose: async () => backend.close() };
  };
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
  return failed.length === 0 ? 0 : new RunnerError("invalid", "").exitCode;
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
