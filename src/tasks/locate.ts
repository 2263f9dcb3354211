/** A name in a table of tasks: `name = "x"`, `x = {` or `["x"] = {`. */
const NAMED = /\bname\s*=\s*(["'])(.*?)\1|(?:\b([A-Za-z_]\w*)|\[\s*(["'])(.*?)\4\s*\])\s*=\s*\{/g;

/** The assignment of a table of groups. */
const ASSIGNMENT = /^[ \t]*(?:TaskDefinitions|Modern[ \t]+DSLs)[ \t]*=[ \t]*\{/;

/**
 * Finds the line of a file on which a task that stands in a table was probably declared: Lua does not keep it. The same
 * name asked for again gives its next place.
 */
export class Locator {
  #lines: Map<string, number[]> | undefined;
  #assignments: readonly number[] | undefined;

  constructor(private readonly source: () => string) {}

  /** The line of the next place, `from` a line on, that names `name`; 0 when there is none. */
  next(name: string, from: number): number {
    this.#lines ??= indexNames(this.source());
    const places = this.#lines.get(name) ?? [];
    const place = places.findIndex((line) => line >= from);
    return place < 0 ? 0 : (places.splice(place, 1)[0] ?? 0);
  }

  /** Where the table of groups probably begins that `TaskDefinitions` was set to by a statement that ends on `line`; 0 when it does not stand there. */
  definitionsBefore(line: number): number {
    this.#assignments ??= this.source()
      .split("\n")
      .flatMap((text, place) => (ASSIGNMENT.test(text) ? [place + 1] : []));
    return this.#assignments.findLast((start) => start <= line) ?? 0;
  }
}

function indexNames(source: string): Map<string, number[]> {
  const lines = new Map<string, number[]>();
  let line = 1;
  let counted = 0;
  for (const match of source.matchAll(NAMED)) {
    const name = match[2] ?? match[3] ?? match[5] ?? "";
    for (; counted < match.index; counted++) if (source.charCodeAt(counted) === NEWLINE) line++;
    const places = lines.get(name);
    if (places === undefined) lines.set(name, [line]);
    else places.push(line);
  }
  return lines;
}

const NEWLINE = 10;
