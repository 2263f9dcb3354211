import { alternate, type Lab, median } from "./harness.ts";
import { createHome, type Durability, environment, readNumbers, writeLua } from "./programs.ts";

/** A loop and the command of its counterpart; both print the cost of one operation for each round. */
export interface Loop {
  readonly name: string;
  /** A loop in Lua for the binary, or, as `floor`, a command. */
  readonly ours: LuaLoop | ((folder: string) => string[]);
  /** Operations in a round, and rounds in a process. */
  readonly ops: number;
  readonly rounds: number;
  readonly durability: Durability;
  /** The counterpart's command; it gets `ops` and `rounds` as its last arguments, and a fresh folder. */
  readonly floor: (folder: string) => string[];
}

export interface LuaLoop {
  /** Lua that runs once before the rounds. */
  readonly setup: string;
  /** Lua of one operation. */
  readonly operation: string;
  /** What one second is in the unit that both print: 1e6 for µs, 1e3 for ms. */
  readonly perSecond: number;
}

/**
 * Runs the loop and its counterpart in turn, each in processes of its own with fresh stores; a sample is the median
 * of the rounds of one process, so that neither start-up nor warming up counts.
 */
export function compareLoops(lab: Lab, loop: Loop): Promise<{ ours: number[]; floor: number[] }> {
  const { name, ours, floor, rounds, durability } = loop;
  const ops = lab.quick ? Math.ceil(loop.ops / 10) : loop.ops;
  const command = (argv: (folder: string) => string[]) => {
    const home = createHome(lab);
    return readMedian([...argv(home), String(ops), String(rounds)], environment(home));
  };
  if (typeof ours === "function")
    return alternate(
      lab.quick ? 2 : 9,
      () => command(ours),
      () => command(floor),
    );
  const script = writeLua(lab, name.replaceAll(/\W+/g, "-"), toLua(ours, ops, rounds));
  return alternate(
    lab.quick ? 2 : 9,
    () => readMedian([lab.runner, "run", script], environment(createHome(lab), durability)),
    () => command(floor),
  );
}

async function readMedian(argv: string[], env: Record<string, string>): Promise<number> {
  return median(await readNumbers(argv, env));
}

function toLua({ setup, operation, perSecond }: LuaLoop, ops: number, rounds: number): string {
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
