import { RunnerError } from "../lib/errors.ts";
import { isTerminal, STDIN } from "../lib/stdio.ts";

/**
 * Asks on the terminal before something is lost, and returns when the answer is yes. Raises `usage`
 * when it is another one or nobody can be asked, and `interrupted` for Ctrl-C. `action` continues "Cannot": `remove 12 keys`.
 */
export async function confirm(action: string): Promise<void> {
  if (!isTerminal(STDIN)) {
    throw new RunnerError(
      "usage",
      `Cannot ${action}: nobody is there to confirm it. Add --yes to do it unasked.`,
    );
  }
  const { createInterface } = await import("node:readline");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve, reject) => {
    prompt.once("SIGINT", () => reject(new RunnerError("interrupted", "Nothing was changed.")));
    // Ctrl-D closes the prompt without an answer.
    prompt.once("close", () => resolve(""));
    prompt.question(`${action[0]?.toUpperCase()}${action.slice(1)}? [y/N] `, resolve);
  }).finally(() => prompt.close());
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new RunnerError("usage", "Nothing was changed.");
}
