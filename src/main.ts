import { runEdge } from "./cli/edge.ts";

// Leaving by exit(): what a command left open (a timer, a watcher) must not keep a finished process alive.
process.exit(await runEdge(process.argv.slice(2)));
