/** A name in a table of tasks: `name = "x"`, `x = {` or `["x"] = {`. */
const NAMED = /\bname\s*=\s*(["'])(.*?)\1|(?:\b([A-Za-z_]\w*)|\[\s*(["'])(.*?)\4\s*\])\s*=\s*\{/g;

/**
 * Finds the line on which a task that stands in a table was probably declared: Lua does not keep it. The same name
 * asked for again gives its next place.
 */
export class Locator {
  #lines: Map<string, number[]> | undefined;

  constructor(private readonly source: () => string) {}

  /** The line of the next place that names `name`; 0 when there is none. */
  next(name: string): number {
    this.#lines ??= indexNames(this.source());
    return this.#lines.get(name)?.shift() ?? 0;
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
