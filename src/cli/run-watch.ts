import { join } from "node:path";
import { beforeEnding } from "../lib/ending.ts";
import { messageOf } from "../lib/errors.ts";
import { STDERR, writeWhole } from "../lib/stdio.ts";
import { matchFiles } from "../tasks/fingerprint.ts";
import type { RunRequest } from "../tasks/journal-record.ts";
import type { TaskOptions } from "../tasks/options.ts";
import { hashFiles } from "../tasks/resume.ts";
import type { Session } from "../tasks/session.ts";

/** How long files must have been quiet before a run, in ms: editors write in several steps. */
const SETTLE_MS = 50;
/** How often files are looked at, in ms. */
const LOOK_MS = 200;

/**
 * `runner run --watch`: runs, and again whenever the content of the task file, of a values file or of a task's
 * sources changes, until a signal ends it.
 */
export async function runAndWatch(
  { file, valueFiles }: RunRequest,
  run: (onSession: (session: Session) => void) => Promise<number>,
): Promise<number> {
  let session: Session | undefined;
  // Nothing is to be done, but a signal ends this loop with the exit code that says so.
  beforeEnding({ act: () => undefined, when: "idle" });
  for (;;) {
    // Whoever edits a file during a run means the next one; what the run makes is its own doing.
    const files = fingerprint([file, ...valueFiles]);
    let given = fingerprint(givenTo(session));
    try {
      await run((loaded) => {
        session = loaded;
        given = fingerprint(givenTo(session));
      });
    } catch (error) {
      // A mistake in the file is what is being worked on.
      writeWhole(STDERR, `${messageOf(error)}\n`);
    }
    const sources = fingerprint(sourcesOf(session));
    const changedMeanwhile = fingerprint(givenTo(session)) !== given;
    const isChanged = () =>
      changedMeanwhile ||
      fingerprint([file, ...valueFiles]) !== files ||
      fingerprint(sourcesOf(session)) !== sources;
    writeWhole(STDERR, "\nWaiting for changes. Ctrl-C ends.\n");
    await untilChanged(isChanged);
    await untilQuiet(() => fingerprint([file, ...valueFiles, ...sourcesOf(session)]));
  }
}

/** The sources that no task makes. */
function givenTo(session: Session | undefined): string[] {
  const made = new Set(
    filesOf(session, ({ generates = [], artifacts = [] }) => [...generates, ...artifacts]),
  );
  return sourcesOf(session).filter((path) => !made.has(path));
}

function sourcesOf(session: Session | undefined): string[] {
  return filesOf(session, ({ sources = [] }) => sources);
}

function filesOf(
  session: Session | undefined,
  patternsOf: (options: TaskOptions) => readonly string[],
): string[] {
  if (session === undefined) return [];
  return [...session.declarations.tasks.values()].flatMap((task) => {
    const folder = session.folderOf(task);
    return matchFiles(patternsOf(task.options), folder).map((path) => join(folder, path));
  });
}

function fingerprint(paths: readonly string[]): string {
  return JSON.stringify(hashFiles(paths));
}

/** Looks again and again: not every system tells of every change, and none from the first moment on. */
async function untilChanged(isChanged: () => boolean): Promise<void> {
  while (!isChanged()) await Bun.sleep(LOOK_MS);
}

/** A file that is being written may be seen empty. */
async function untilQuiet(look: () => string): Promise<void> {
  for (let before = ""; before !== look(); await Bun.sleep(SETTLE_MS)) before = look();
}
