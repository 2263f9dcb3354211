import type { Awaitable } from "../lib/awaitable.ts";
import type { ArgsDef, ParsedArgs } from "../lib/command-args.ts";
import type { Output } from "./output.ts";

export type {
  ArgDef,
  ArgsDef,
  Completion,
  OptionDef,
  ParsedArgs,
  PositionalDef,
} from "../lib/command-args.ts";

export interface CommandContext<A extends ArgsDef> {
  readonly args: ParsedArgs<A>;
  /** The only way to print. */
  readonly out: Output;
}

/** One command: its words, and what it does. */
export interface Command<A extends ArgsDef = ArgsDef> {
  readonly args: A;
  /** Further lines of the help: what the one-line summary in the table of commands leaves open. */
  readonly details?: string;
  /** Shell lines that work as they stand, on the store that the tests of the help prepare. */
  readonly examples: readonly string[];
  /** With -o json, an error is told on stdout too, as one line of JSON that begins with this; on stderr alone if absent. */
  readonly tellsErrors?: () => object;
  /** Does it and resolves to the exit code. Raises `RunnerError`; never ends the process itself. */
  run(context: CommandContext<A>): Awaitable<number>;
}

/** Gives a command's `run` the types of its arguments. */
export function defineCommand<const A extends ArgsDef>(command: Command<A>): Command<A> {
  return command;
}

/** A command as its group lists it: its module is loaded only when it is run or asked for help. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Commands under a common word. */
export interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, CommandEntry | Group>>;
  readonly examples: readonly string[];
}
