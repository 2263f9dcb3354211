/** What a shell may complete a word to: these words, or what there is in the state or in the task file. */
export type Completion = "key" | "lock" | "task" | readonly string[];

/** An argument without a name, by its place. `rest` takes all that follow and must come last. */
export interface PositionalDef {
  readonly type: "positional";
  readonly description: string;
  /** Positionals are required unless this is false; a required `rest` needs at least one. */
  readonly required?: boolean;
  readonly rest?: true;
  /** Without it the shell offers names of files. */
  readonly completes?: Completion;
}

export interface StringDef {
  readonly type: "string";
  readonly description: string;
  /** One letter: `-C`. */
  readonly alias?: string;
  /** What stands for the value in the help: `--ttl DURATION`. */
  readonly valueHint: string;
  /** May be given several times; the values arrive as an array. */
  readonly multiple?: true;
}

export interface BooleanDef {
  readonly type: "boolean";
  readonly description: string;
  readonly alias?: string;
}

export interface EnumDef {
  readonly type: "enum";
  readonly description: string;
  readonly alias?: string;
  readonly options: readonly string[];
}

export type OptionDef = StringDef | BooleanDef | EnumDef;
export type ArgDef = PositionalDef | OptionDef;
/** Arguments by name; a positional's name in capitals is what the help shows. */
export type ArgsDef = Readonly<Record<string, ArgDef>>;

type Parsed<D extends ArgDef> = D extends { type: "boolean" }
  ? boolean
  : D extends { rest: true } | { multiple: true }
    ? string[]
    : D extends { type: "enum"; options: readonly (infer O)[] }
      ? O | undefined
      : D extends { type: "positional"; required: false } | { type: "string" }
        ? string | undefined
        : string;

/**
 * What a command gets for its definition: a flag is a boolean, what was not given is undefined or an empty
 * array.
 */
export type ParsedArgs<A extends ArgsDef> = { [K in keyof A]: Parsed<A[K]> };
