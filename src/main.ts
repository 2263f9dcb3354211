import { runEdge } from "./cli/edge.ts";
import { exitProcess } from "./lib/exit.ts";

/** How often, in ms, it is looked again whether something is left to do. */
const NEXT_LOOK = 50;

// Not awaited here: then `beforeExit` tells when nothing is left that could happen, which a script can bring about whose
// coroutines wait for each other. What only a handle without a reference would bring about is waited for as before.
process.on("beforeExit", () => setTimeout(() => undefined, NEXT_LOOK));
// Leaving by exit(): what a command left open (a timer, a watcher) must not keep a finished process alive.
void runEdge(process.argv.slice(2)).then(exitProcess);
