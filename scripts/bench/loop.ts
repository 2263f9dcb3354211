import { alternate, type Lab, median } from "./harness.ts";
import { createHome, type Durability, environment, readNumbers, writeLua } from "./programs.ts";

/** A loop in Lua and the command of its counterpart; both print the cost of one operation for each round. */
export interface Loop {
  readonly name: string;
  /** Lua that runs once before the rounds. */
  readonly setup: string;
  /** Lua of one operation. */
  readonly operation: string;
  /** What one second is in the unit that both print: 1e6 for µs, 1e3 for ms. */
  readonly perSecond: number;
  /** Operations in a round, and rounds in a process. */
  readonly ops: number;
  readonly rounds: number;
  readonly durability: Durability;
  /** The counterpart's command; it gets `ops` and `rounds` as its last arguments, and a fresh folder. */
  readonly floor: (folder: string) => string[];
}

/**
 * Runs the loop and its counterpart in turn, each in processes of its own with fresh stores; a sample is the median
 * of the rounds of one process, so that neither start-up nor warming up counts.
 */
export function compareLoops(lab: Lab, loop: Loop): Promise<{ ours: number[]; floor: number[] }> {
  const ops = lab.quick ? Math.ceil(loop.ops / 10) : loop.ops;
  const script = writeLua(lab, loop.name.replaceAll(/\W+/g, "-"), toLua(loop, ops));
  return alternate(
    lab.quick ? 2 : 9,
    async () => {
      const env = environment(createHome(lab), loop.durability);
      return median(await readNumbers([lab.runner, "run", script], env));
    },
    async () => {
      const home = createHome(lab);
      const argv = [...loop.floor(home), String(ops), String(loop.rounds)];
      return median(await readNumbers(argv, environment(home)));
    },
  );
}

function toLua({ setup, operation, perSecond, rounds }: Loop, ops: number): string {
  return `${setup}
for round = 0, ${rounds} do
  local begin = time.now()
  for _ = 1, ${ops} do
    ${operation}
  end
  local each = (time.now() - begin) * ${perSecond} / ${ops}
  if round > 0 then print(each) end
end
`;
}
