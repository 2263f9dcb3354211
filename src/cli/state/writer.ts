import type { Writer } from "../../backends/backend.ts";

/** Who wrote, as people recognise him: `run 8f2k · switch · web1`, or `deploy · web1` outside of a run. */
export function formatWriter({ host, user, run, task }: Writer): string {
  const who = run === undefined ? [user] : [`run ${run}`, ...(task === undefined ? [] : [task])];
  return [...who, host].join(" · ");
}
