/** How long such a run may take, in ms. */
const LONGEST_MS = 30_000;

/** How a run of this program by itself ended. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs this program in a process of its own, which is killed when it takes too long; with none of our settings. */
export async function runSelf(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("RUNNER_"));
  const child = Bun.spawn([process.execPath, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: LONGEST_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.signalCode !== "SIGKILL") return { exitCode, stdout, stderr };
  const text = `It has not ended after ${LONGEST_MS / 1000} s and was stopped: does it run in a circle?\n`;
  return { exitCode, stdout, stderr: `${stderr}${text}` };
}
