import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readConfigFile } from "../../config/files.ts";
import { PLUGINS_FOLDER } from "../../config/project.ts";
import { exitCodeOf } from "../../lib/errors.ts";
import { plural } from "../../lib/text.ts";
import { type Candidate, findPlugins, wholeOf } from "../../plugins/places.ts";
import { showProblem } from "../../plugins/problem.ts";
import { defineCommand } from "../command.ts";
import { settle } from "../context.ts";
import { OUTPUT } from "../options.ts";
import { runSelf } from "./run-self.ts";
import { findCandidate } from "./survey.ts";
import { makeWorkshop } from "./workshop.ts";

/** What was found out about one plugin. */
interface Checked {
  readonly name: string;
  readonly file: string;
  readonly ok: boolean;
  /** `passed`, or `none` where it has none. */
  readonly test: "passed" | "failed" | "none";
  readonly problem: string | null;
}

/** `runner plugin check`. */
export const command = defineCommand({
  args: {
    path: {
      type: "positional",
      required: false,
      description: "Its file or folder; without it all of plugins/",
    },
    backend: {
      type: "string",
      valueHint: "NAME",
      description: "Run the contract of state backends against this one, instead",
    },
    url: {
      type: "string",
      valueHint: "URL",
      description: "With --backend: state.url, of a server with nothing on it",
    },
    ...OUTPUT,
  },
  details: `Loads each plugin in a process of its own, with an empty home and state, and runs the test.lua beside its index with
it. Settings for that are those of the config here, or what test.json beside the index says. Exits with 5 when something is
wrong.`,
  examples: ["runner plugin new hello && runner plugin check plugins/hello"],
  async run({ args, out }) {
    if (args.backend !== undefined) {
      // The contract is larger than all else here.
      return (await import("./check-backend.ts")).checkBackend(args.backend, args, out);
    }
    const { found, problems } = findHere(args.path);
    const checked: Checked[] = problems.map((problem) => ({
      name: problem.plugin,
      file: problem.file,
      ok: false,
      test: "none",
      problem: showProblem(problem),
    }));
    for (const candidate of found) checked.push(await check(candidate));
    if (out.format === "json") out.line(JSON.stringify(checked));
    else if (checked.length === 0) out.note("There are no plugins here. Start one: runner plugin new NAME");
    else {
      for (const { name, ok, test, problem } of checked) {
        const mark = ok ? out.style.success("✓") : out.style.failure("✗");
        out.line(`${mark} ${name}  ${ok ? "loads" : ""}${ok ? TESTED[test] : problem}`);
      }
      const bad = checked.filter(({ ok }) => !ok).length;
      out.line(
        `\n${plural(checked.length, "plugin")}, ${bad === 0 ? "nothing wrong" : `${bad} with something wrong`}`,
      );
    }
    return checked.every(({ ok }) => ok) ? 0 : exitCodeOf("invalid");
  },
});

const TESTED = { passed: ", its test passes", failed: "", none: ", and has no test.lua" } as const;

function findHere(path: string | undefined): ReturnType<typeof findPlugins> {
  if (path === undefined) return findPlugins([{ folder: resolve(PLUGINS_FOLDER), origin: "project" }]);
  return { found: [findCandidate(path)], problems: [] };
}

/** Loads a plugin elsewhere, where a loop or a crash of it hurts nobody, and runs its test. */
async function check(candidate: Candidate): Promise<Checked> {
  const { name, file } = candidate;
  const whole = wholeOf(file);
  using temporary = makeWorkshop();
  const workshop = temporary.path;
  const end = (result: Omit<Checked, "name" | "file">): Checked => ({ name, file, ...result });
  await prepare(workshop, candidate);
  const env = { RUNNER_HOME: join(workshop, "home") };
  const link = join(workshop, PLUGINS_FOLDER, basename(whole));
  const shown = await runSelf(["plugin", "show", link, "-o", "json"], { cwd: workshop, env });
  if (shown.exitCode !== 0)
    return end({ ok: false, test: "none", problem: shown.stderr.replaceAll(link, whole) });
  const own = join(dirname(file), whole !== file ? "test.lua" : `${name}.test.lua`);
  const test = existsSync(own) ? realpathSync(own) : join(workshop, "load.lua");
  // One that is written in Lua runs when it is touched; any other is set up and closed by a script that does nothing.
  const touch = `for _ in pairs(require(${JSON.stringify(name)})) do end\n`;
  writeFileSync(join(workshop, "load.lua"), candidate.kind === "lua" ? touch : "");
  const ran = await runSelf(["run", test, "--plugins", join(workshop, PLUGINS_FOLDER)], {
    cwd: workshop,
    env,
  });
  const said = ran.stderr.replaceAll(link, whole).trim();
  const what = existsSync(own) ? "its test fails: " : "";
  const unusable = /^.*Cannot use plugin .*: (its (?:setup|close) .*)$/m.exec(said)?.[1];
  const problem = ran.exitCode === 0 ? (unusable ?? null) : `${what}${said}`;
  return end({
    ok: problem === null,
    test: !existsSync(own) ? "none" : problem === null ? "passed" : "failed",
    problem,
  });
}

/** A home with the plugin's settings, and a folder with nothing but the plugin. */
async function prepare(workshop: string, { name, file }: Candidate): Promise<void> {
  const whole = wholeOf(file);
  for (const folder of ["home", PLUGINS_FOLDER]) mkdirSync(join(workshop, folder), { mode: 0o700 });
  symlinkSync(realpathSync(whole), join(workshop, PLUGINS_FOLDER, basename(whole)));
  const own = join(dirname(file), "test.json");
  const config = readConfigFile(own) ?? (await settle()).config.settings["plugins.config"][name];
  if (config === undefined) return;
  // JSON is YAML.
  writeFileSync(
    join(workshop, "home", "config.yaml"),
    JSON.stringify({ plugins: { config: { [name]: config } } }),
  );
}
