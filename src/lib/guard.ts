import type { FileSink } from "bun";

/**
 * Ends what is left of the groups and tasks that it was told, once its input ends: first it asks, then it kills. `read` is
 * all that it does until then. A task's processes may have left the group, and are found by the variable that marks them,
 * where there is a /proc to read. They are killed only if one of those that were asked is still there: a run that is
 * resumed meanwhile waits for those, and marks its own with the same.
 */
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r change what; do
  case $change in
    add) groups="$groups$what " ;;
    drop) case $groups in *" $what "*) groups="\${groups%% $what *} \${groups#* $what }" ;; esac ;;
    mark) set -- "$@" "$what" ;;
    unmark) for mark; do shift; [ "$mark" = "$what" ] || set -- "$@" "$mark"; done ;;
  esac
done
[ "$groups$*" = ' ' ] && exit
marks=$(printf '%s\\n' "$@")
strays() { [ -n "$marks" ] && grep -lzFx -e "$marks" /proc/[0-9]*/environ | cut -d/ -f3; }
for group in $groups; do kill -TERM "-$group"; done
asked=$(strays)
for pid in $asked; do kill -TERM "$pid"; done
sleep 1.5
for group in $groups; do kill -KILL "-$group"; done
left=" $(echo $(strays)) "
for pid in $asked; do case $left in *" $pid "*) kill -KILL $left; break ;; esac; done`;

let input: FileSink | undefined;
const told = new Set<number>();
const marks = new Set<string>();

/**
 * Has a process group ended when this process dies, however that comes: by a shell that waits for it, since a process
 * that computes, or hangs inside of C, hears no signal. It is started with the first group and costs a millisecond.
 * Whatever has `mark`, a `NAME=value`, in its environment is ended too, until `dropMark`. Returns whether that was possible.
 */
export function guardGroup(leader: number, mark?: string): boolean {
  if (told.has(leader)) return true;
  if (process.platform === "win32") return false;
  try {
    input ??= start();
    if (mark !== undefined && !marks.has(mark) && !mark.includes("\n")) {
      tell(input, `mark ${mark}`);
      marks.add(mark);
    }
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

/** Forgets a mark: who has it has ended, or is meant to run on. */
export function dropMark(mark: string): void {
  if (marks.delete(mark) && input !== undefined) tell(input, `unmark ${mark}`);
}

function start(): FileSink {
  const shell = Bun.spawn(["/bin/sh", "-c", SCRIPT], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    // Without the mark of a task that this process may itself belong to: who stops that waits for ours to be ended.
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
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
