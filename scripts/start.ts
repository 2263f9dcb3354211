/**
 * `npm start`: builds the binary and runs the main job with it, on a home of its own under dist/, so that a second
 * start finds the version deployed. `npm start -- ARGUMENTS` runs the binary with these instead.
 */
import { join } from "node:path";
import { buildHost, HOST_BINARY } from "./build.ts";
import { DIST, ROOT } from "./project.ts";

const given = process.argv.slice(2);

await buildHost();
const runner = Bun.spawn(
  [HOST_BINARY, ...(given.length > 0 ? given : ["run", join("examples", "deploy.lua")])],
  {
    cwd: ROOT,
    env: given.length > 0 ? process.env : { ...process.env, RUNNER_HOME: join(DIST, "home") },
    stdio: ["inherit", "inherit", "inherit"],
  },
);
process.exitCode = await runner.exited;
