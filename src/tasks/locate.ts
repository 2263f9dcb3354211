/** A name in a table of tasks: `name = "x"`, `x = {` or `["x"] = {`. */
const NAMED = /\bname\s*=\s*(["'])(.*?)\1|(?:\b([A-Za-z_]\w*)|\[\s*(["'])(.*?)\4\s*\])\s*=\s*\{/g;

/**
 * Finds the line on which a task that stands in a table was probably declared: Lua does not keep it. The same name
 * asked for again gives its next place.
 */
export class Locator {
  #lines: Map<string, number[]> | undefined;

  constructor(private readonly source: () => string) {}

  /**
   * The line of the next place that names `name`; 0 when there is none. Without `from`, the line of its group, it is
   * looked for where TaskDefinitions is.
   */
  next(name: string, from = this.assignments("TaskDefinitions").at(-1) ?? 0): number {
    this.#lines ??= indexNames(this.source());
    const places = this.#lines.get(name) ?? [];
    const place = places.findIndex((line) => line >= from);
    return place < 0 ? 0 : (places.splice(place, 1)[0] ?? 0);
  }

  /** The lines on which a global is set to a table, by how they begin. */
  assignments(name: string): number[] {
    const starts = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*\\{`);
    const source = this.source();
    if (!source.includes(name)) return [];
    return source.split("\n").flatMap((line, place) => (starts.test(line) ? [place + 1] : []));
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
