/** A word of scripts that is no function of a module: a table of options, a variable, what a function is given. */
export interface WordDef {
  /** As scripts write it: `task`, `this`. */
  readonly name: string;
  /** One or two sentences: what it is for. */
  readonly description: string;
  /** How it is called, where it is: `task(options)`. */
  readonly signature?: string;
  /** What it has, or the options that it takes. */
  readonly fields?: Readonly<Record<string, WordField>>;
  /** What the Lua language server calls the type that the fields make. */
  readonly type?: string;
  /** What the Lua language server gets of it beside that type. */
  readonly declaration?: string;
  /** A whole task file that uses it. */
  readonly example: string;
}

/** A field or an option of a word; a type that ends in `?` may be absent. */
export interface WordField {
  readonly type: string;
  /** What a message says after "expected", where it is checked. */
  readonly expected?: string;
  readonly description: string;
}
