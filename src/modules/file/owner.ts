import { readFileSync } from "node:fs";
import { RunnerError } from "../../lib/errors.ts";

/**
 * The numbers of `user`, `user:group` or `:group`-less numbers such as `1000:1000`. A user alone leaves the group to
 * whoever asks. Raises `bad_argument` for a name that this machine's files do not know.
 */
export function resolveOwner(owner: string, callee: string): { uid: number; gid: number | undefined } {
  const [user = "", group] = owner.split(":");
  return {
    uid: lookUp(user, "/etc/passwd", callee),
    gid: group === undefined ? undefined : lookUp(group, "/etc/group", callee),
  };
}

/** Both files hold `name:password:number:…` lines (passwd(5), group(5)). */
function lookUp(name: string, file: string, callee: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const number = Number(line?.split(":")[2] ?? Number.NaN);
  if (name !== "" && Number.isInteger(number)) return number;
  const kind = file.endsWith("group") ? "group" : "user";
  throw new RunnerError(
    "bad_argument",
    `${callee}: owner: no ${kind} is called ${JSON.stringify(name)} in ${file}`,
  );
}
