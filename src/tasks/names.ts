/** What a name stands for among the tasks of a file. */
export type Meaning =
  | { readonly tasks: readonly string[] }
  | { readonly ambiguous: readonly string[] }
  | undefined;

/** What has a name: a task of a file. */
interface Named {
  readonly name: string;
  readonly shortName: string;
  readonly group?: { readonly name: string };
}

/** Finds tasks by what people call them: whole names, short ones where they are unique, and groups. */
export class Names {
  readonly #whole = new Set<string>();
  readonly #short = new Map<string, string[]>();
  readonly #groups = new Map<string, string[]>();

  constructor(tasks: Iterable<Named>) {
    for (const { name, shortName, group } of tasks) {
      this.#whole.add(name);
      if (group === undefined) continue;
      push(this.#short, shortName, name);
      push(this.#groups, group.name, name);
    }
  }

  /** The whole names that `name` stands for; one of the same `group` wins over others. Undefined: nothing. */
  resolve(name: string, group?: string): Meaning {
    const sibling = group === undefined ? undefined : `${group}.${name}`;
    if (sibling !== undefined && this.#whole.has(sibling)) return { tasks: [sibling] };
    if (this.#whole.has(name)) return { tasks: [name] };
    const members = this.#groups.get(name);
    if (members !== undefined) return { tasks: members };
    const short = this.#short.get(name);
    if (short === undefined) return undefined;
    return short.length === 1 ? { tasks: short } : { ambiguous: short };
  }

  /** All that `resolve` knows, for suggestions. */
  get known(): string[] {
    return [...new Set([...this.#whole, ...this.#short.keys(), ...this.#groups.keys()])];
  }
}

function push(lists: Map<string, string[]>, key: string, item: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
