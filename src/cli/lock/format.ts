import { formatSpan } from "../../lib/duration.ts";
import { escapeControls } from "../../lib/text.ts";
import type { HeldLock } from "../../state/locks/survey.ts";

/** A lock as `lock list -o json` and `lock show -o json` give it; times are UTC by ISO 8601. */
export function lockToJson({
  name,
  holder,
  lease,
  secondsLeft,
  waiting,
}: HeldLock): Readonly<Record<string, unknown>> {
  const { owner, token, takenAt } = lease;
  return {
    name,
    holder,
    label: lease.holder ?? null,
    token,
    taken_at: new Date(takenAt).toISOString(),
    seconds_left: secondsLeft ?? null,
    waiting,
    host: owner.host,
    pid: owner.pid,
    run: owner.run ?? null,
    task: owner.task ?? null,
    command: owner.command ?? null,
    command_pid: lease.command?.pid ?? null,
  };
}

/** A lock's name for people. Those that runner takes itself, as for `once`, begin with a control character. */
export function formatLockName(name: string): string {
  const [first, kind, ...key] = name.split("\u0001");
  if (first !== "" || kind === undefined) return escapeControls(name);
  return key.length === 0 ? `(${kind})` : `(${kind}) ${escapeControls(key.join("\u0001"))}`;
}

/** How long a lease lasts from now. */
export function formatLeft(secondsLeft: number | undefined): string {
  return secondsLeft === undefined ? "until released" : formatSpan(secondsLeft * 1000);
}
