import type { FileSink } from "bun";

/**
 * Ends what is left of the groups that it was told, once its input ends: first it asks, then it kills. `read` is all that
 * it does until then.
 */
const SCRIPT = `
groups=' '
while read -r change group; do
  case $change in
    add) groups="$groups$group " ;;
    drop) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
[ "$groups" = ' ' ] && exit
for group in $groups; do kill -TERM "-$group"; done
sleep 1.5
for group in $groups; do kill -KILL "-$group"; done`;

let input: FileSink | undefined;
const told = new Set<number>();

/**
 * Has a process group ended when this process dies, however that comes: by a shell that waits for it, since a process
 * that computes, or hangs inside of C, hears no signal. It is started with the first group and costs a millisecond.
 * Returns whether that was possible.
 */
export function guardGroup(leader: number): boolean {
  if (told.has(leader)) return true;
  if (process.platform === "win32") return false;
  try {
    input ??= start();
    tell(input, `add ${leader}`);
    told.add(leader);
    return true;
  } catch {
    return false;
  }
}

/** Forgets a group: its leader has ended, and what that left running is meant to run on. */
export function dropGroup(leader: number): void {
  if (told.delete(leader) && input !== undefined) tell(input, `drop ${leader}`);
}

function start(): FileSink {
  const shell = Bun.spawn(["/bin/sh", "-c", SCRIPT], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    // A Ctrl-C is for the terminal's group, and this one has to outlast it.
    detached: true,
  });
  shell.unref();
  return shell.stdin;
}

/** The pipe has it when this returns: nothing else of ours may get to run any more. */
function tell(pipe: FileSink, line: string): void {
  pipe.write(`${line}\n`);
  pipe.flush();
}
