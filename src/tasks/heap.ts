/** The smallest of a changing set of numbers first, each in logarithmic time. */
export class MinHeap {
  readonly #items: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The smallest; infinity when there is none. */
  get first(): number {
    return at(this.#items, 0);
  }

  push(item: number): void {
    const items = this.#items;
    let place = items.push(item) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = at(items, parent);
      if (above <= item) break;
      items[place] = above;
      place = parent;
    }
    items[place] = item;
  }

  /** Takes the smallest; undefined when there is none. */
  pop(): number | undefined {
    const items = this.#items;
    const smallest = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return smallest;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) break;
      if (at(items, child + 1) < at(items, child)) child++;
      const below = at(items, child);
      if (below >= last) break;
      items[place] = below;
      place = child;
    }
    items[place] = last;
    return smallest;
  }
}

function at(items: readonly number[], place: number): number {
  return items[place] ?? Number.POSITIVE_INFINITY;
}
