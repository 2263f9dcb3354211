import { Float, fromFloat, fromInteger, type Value } from "../lib/value.ts";
import { typeOf } from "../state/codec.ts";
import { equal } from "../state/equal.ts";

interface Held {
  value: Value;
  /** Milliseconds since the epoch. */
  expires?: number;
}

/** What a store should do, said as plainly as possible. A fault is its code. */
export class Oracle {
  readonly #held = new Map<string, Held>();

  constructor(private readonly now: () => number) {}

  get(key: string): Value | undefined {
    return this.#find(key)?.value;
  }

  set(key: string, value: Value, ttl?: number): true {
    this.#held.set(key, ttl === undefined ? { value } : { value, expires: this.now() + ttl * 1000 });
    return true;
  }

  delete(key: string): boolean {
    return this.#find(key) !== undefined && this.#held.delete(key);
  }

  exists(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  keys(): string[] {
    const live = [...this.#held.keys()].filter((key) => this.#find(key));
    return live.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  clear(prefix: string): number {
    const doomed = this.keys().filter((key) => key.startsWith(prefix));
    for (const key of doomed) this.#held.delete(key);
    return doomed.length;
  }

  setTtl(key: string, seconds: number): boolean {
    const held = this.#find(key);
    if (held === undefined) return false;
    this.set(key, held.value, seconds > 0 ? seconds : undefined);
    return true;
  }

  getTtl(key: string): number {
    const held = this.#find(key);
    if (held === undefined) return -2;
    return held.expires === undefined ? -1 : Math.ceil((held.expires - this.now()) / 1000);
  }

  increment(key: string, delta: number | bigint | Float): Value {
    const old = this.get(key) ?? 0;
    if (typeof old !== "number" && typeof old !== "bigint" && !(old instanceof Float)) return "not_a_number";
    const sum = addNumbers(old, delta);
    return sum === "overflow" ? sum : this.#keep(key, sum);
  }

  append(key: string, text: string): Value {
    const old = this.get(key) ?? "";
    if (typeof old !== "string" && !(old instanceof Uint8Array)) return "not_a_string";
    const bytes = Buffer.concat([typeof old === "string" ? Buffer.from(old) : old, Buffer.from(text)]);
    this.#keep(key, typeof old === "string" ? old + text : new Uint8Array(bytes));
    return bytes.length;
  }

  compareSwap(key: string, old: Value | undefined, next: Value | undefined): boolean {
    const current = this.get(key);
    const same = current === undefined || old === undefined ? current === old : equal(current, old);
    if (!same) return false;
    if (next !== undefined) this.#keep(key, next);
    else this.#held.delete(key);
    return true;
  }

  listPush(key: string, item: Value): Value {
    const list = this.#list(key);
    if (list === undefined) return "not_a_list";
    this.#keep(key, [...list, item]);
    return list.length + 1;
  }

  listPop(key: string): Value | undefined {
    return this.#take(key, (list) => [list.slice(0, -1), list.at(-1)]);
  }

  listShift(key: string): Value | undefined {
    return this.#take(key, (list) => [list.slice(1), list[0]]);
  }

  #take(key: string, split: (list: Value[]) => [Value[], Value | undefined]): Value | undefined {
    const list = this.#list(key);
    if (list === undefined) return "not_a_list";
    const [rest, item] = split(list);
    if (item !== undefined) this.#keep(key, rest);
    return item;
  }

  #list(key: string): Value[] | undefined {
    const value = this.get(key) ?? [];
    if (Array.isArray(value)) return value;
    const size = value instanceof Map ? value.size : Object.keys(value).length;
    return typeOf(value) === "table" && size === 0 ? [] : undefined;
  }

  #keep(key: string, value: Value): Value {
    const expires = this.#find(key)?.expires;
    this.#held.set(key, expires === undefined ? { value } : { value, expires });
    return value;
  }

  #find(key: string): Held | undefined {
    const held = this.#held.get(key);
    return held?.expires !== undefined && held.expires <= this.now() ? undefined : held;
  }
}

function addNumbers(a: number | bigint | Float, b: number | bigint | Float): Value {
  const isInteger = (n: typeof a): n is number | bigint =>
    typeof n === "bigint" || (typeof n === "number" && Number.isSafeInteger(n));
  if (!isInteger(a) || !isInteger(b)) {
    return fromFloat(Number(a instanceof Float ? a.value : a) + Number(b instanceof Float ? b.value : b));
  }
  const sum = BigInt(a) + BigInt(b);
  return BigInt.asIntN(64, sum) === sum ? fromInteger(sum) : "overflow";
}
