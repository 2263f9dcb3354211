import { SWEEP_INTERVAL_MS } from "runner";
import changes from "./scripts/changes.lua" with { type: "text" };
import commit from "./scripts/commit.lua" with { type: "text" };
import remove from "./scripts/delete.lua" with { type: "text" };
import discard from "./scripts/discard.lua" with { type: "text" };
import erase from "./scripts/erase.lua" with { type: "text" };
import history from "./scripts/history.lua" with { type: "text" };
import load from "./scripts/load.lua" with { type: "text" };
import look from "./scripts/look.lua" with { type: "text" };
import prelude from "./scripts/prelude.lua" with { type: "text" };
import read from "./scripts/read.lua" with { type: "text" };
import release from "./scripts/release.lua" with { type: "text" };
import scan from "./scripts/scan.lua" with { type: "text" };
import snapshot from "./scripts/snapshot.lua" with { type: "text" };
import stage from "./scripts/stage.lua" with { type: "text" };
import stats from "./scripts/stats.lua" with { type: "text" };
import swap from "./scripts/swap.lua" with { type: "text" };
import sweep from "./scripts/sweep.lua" with { type: "text" };
import write from "./scripts/write.lua" with { type: "text" };

/** How long the server remembers at least which commits have landed, in ms. */
export const SETTLED_FOR_MS = 120_000;
/** How long it keeps a snapshot of which nobody reads the next page, in ms. */
const SNAPSHOT_FOR_MS = 300_000;

/** A program that the server runs as one atomic step. */
export interface Script {
  readonly source: string;
  /** What the server knows it by. */
  readonly sha1: string;
}

const CONSTANTS = `local SWEEP_EVERY, SETTLED_FOR, SNAPSHOT_FOR = ${SWEEP_INTERVAL_MS}, ${SETTLED_FOR_MS}, ${SNAPSHOT_FOR_MS}`;

/** The scripts; what they take and answer is said in each. */
export const SCRIPTS = {
  changes: reading(changes),
  commit: writing(commit),
  remove: writing(remove),
  discard: reading(discard),
  erase: reading(erase),
  history: reading(history),
  load: writing(load),
  look: reading(look),
  read: reading(read),
  release: reading(release),
  scan: reading(scan),
  snapshot: reading(snapshot),
  stage: reading(stage),
  stats: reading(stats),
  swap: writing(swap),
  sweep: writing(sweep),
} as const;

function reading(body: string): Script {
  return define(CONSTANTS, prelude, answering(body));
}

function writing(body: string): Script {
  return define(CONSTANTS, prelude, write, answering(body));
}

/** Tells whoever has not seen the store yet which one it is. */
function answering(body: string): string {
  const tell = 'if seen == "" and not answer.err then answer[#answer + 1] = identity end';
  return `local function body()\n${body}\nend\nlocal answer = body()\n${tell}\nreturn answer`;
}

function define(...parts: readonly string[]): Script {
  const source = parts.join("\n");
  return { source, sha1: new Bun.CryptoHasher("sha1").update(source).digest("hex") };
}
