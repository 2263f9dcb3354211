/** A use of a global variable in a compiled chunk. */
export interface GlobalUse {
  readonly name: string;
  readonly line: number;
  readonly kind: "read" | "write";
  /** The field that is read from it and called: `get` for `state.get(…)`. */
  readonly calls?: string;
  /** Whether it is only asked here if there is any: `if name then`, `type(name)`. */
  readonly isAsked?: true;
}

/** Opcodes of Lua 5.4 (lopcodes.h). */
const Op = {
  GETTABUP: 11,
  GETFIELD: 14,
  SETTABUP: 15,
  EQK: 60,
  TEST: 66,
  TESTSET: 67,
  CALL: 68,
  TAILCALL: 69,
} as const;
/** Those whose first operand is no register that they set, as far as they stand among the arguments of a call. */
const SETS_NONE = new Set([
  10, 15, 16, 17, 18, 46, 47, 48, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 78, 82,
]);
/** Bytes of a chunk before its main function: signature, version, sizes, and two numbers to compare (ldump.c). */
const HEADER_BYTES = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1;
const ABSOLUTE = -128;

/**
 * Pure: every use of a global in what `string.dump` gave for a chunk with its debug information. It is the compiler's
 * own view: locals, upvalues and fields are none, whatever they are called.
 */
export function findGlobals(chunk: Uint8Array): GlobalUse[] {
  const uses: GlobalUse[] = [];
  new Reader(chunk, HEADER_BYTES).readFunction(uses);
  return uses;
}

class Reader {
  readonly #view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private offset: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** One function and all within it (ldump.c, dumpFunction). */
  readFunction(uses: GlobalUse[]): void {
    this.#string();
    const defined = this.#size();
    this.#size();
    this.offset += 3;
    const code = this.#list(() => this.#word());
    const constants = this.#list(() => this.#constant());
    this.#list(() => {
      this.offset += 3;
    });
    this.#list(() => this.readFunction(uses));
    const deltas = this.#list(() => this.#view.getInt8(this.offset++));
    const absolute = new Map(this.#list(() => [this.#size(), this.#size()] as const));
    this.#list(() => [this.#string(), this.#size(), this.#size()]);
    const upvalues = this.#list(() => this.#string());

    let line = defined;
    for (const [pc, instruction] of code.entries()) {
      const delta = deltas[pc] ?? 0;
      line = delta === ABSOLUTE ? (absolute.get(pc) ?? line) : line + delta;
      const { op, a, b, c } = decode(instruction);
      if (op === Op.GETTABUP && upvalues[b] === "_ENV") {
        const name = constants[c];
        const field = calledField(code, constants, pc, a);
        if (name !== undefined)
          uses.push({
            name,
            line,
            kind: "read",
            ...(field !== undefined && { calls: field }),
            ...(isAsked(code, constants, pc, a) && { isAsked: true }),
          });
      } else if (op === Op.SETTABUP && upvalues[a] === "_ENV") {
        const name = constants[b];
        if (name !== undefined) uses.push({ name, line, kind: "write" });
      }
    }
  }

  #list<T>(item: () => T): T[] {
    return Array.from({ length: this.#size() }, item);
  }

  /** Seven bits a byte, the highest first; the last byte is marked. */
  #size(): number {
    let size = 0;
    for (;;) {
      const byte = this.bytes[this.offset++] ?? 0x80;
      size = size * 128 + (byte & 0x7f);
      if (byte & 0x80) return size;
    }
  }

  #string(): string | undefined {
    const size = this.#size();
    if (size === 0) return undefined;
    const start = this.offset;
    this.offset += size - 1;
    return Buffer.from(this.bytes.subarray(start, this.offset)).toString("utf8");
  }

  /** A constant's text; undefined for what is no text. */
  #constant(): string | undefined {
    const type = this.bytes[this.offset++];
    if (type === 0x04 || type === 0x14) return this.#string();
    if (type === 0x03 || type === 0x13) this.offset += 8;
    return undefined;
  }

  #word(): number {
    this.offset += 4;
    return this.#view.getUint32(this.offset - 4, true);
  }
}

/** The field that is read right after from the table in register `table`, if that is called. */
function calledField(
  code: readonly number[],
  constants: readonly (string | undefined)[],
  pc: number,
  table: number,
): string | undefined {
  const next = decode(code[pc + 1] ?? 0);
  if (next.op !== Op.GETFIELD || next.b !== table) return undefined;
  for (let at = pc + 2; at < code.length; at++) {
    const { op, a } = decode(code[at] ?? 0);
    if (SETS_NONE.has(op)) continue;
    if ((op === Op.CALL || op === Op.TAILCALL) && a === next.a) return constants[next.c];
    // The function's register is taken by something else: it was not called.
    if (a <= next.a && op !== Op.CALL && op !== Op.TAILCALL) return undefined;
  }
  return undefined;
}

/** Whether a register that was just read is looked at only for being nil or not. */
function isAsked(
  code: readonly number[],
  constants: readonly (string | undefined)[],
  pc: number,
  register: number,
): boolean {
  const next = decode(code[pc + 1] ?? 0);
  if (next.op === Op.TEST) return next.a === register;
  if (next.op === Op.TESTSET) return next.b === register;
  // Every constant that is no text is undefined here; compared with a number, a name that nothing sets is never equal.
  if (next.op === Op.EQK) return next.a === register && constants[next.b] === undefined;
  const before = decode(code[pc - 1] ?? 0);
  const isType = before.op === Op.GETTABUP && before.a === register - 1 && constants[before.c] === "type";
  return isType && next.op === Op.CALL && next.a === before.a;
}

function decode(instruction: number): { op: number; a: number; b: number; c: number } {
  return {
    op: instruction & 0x7f,
    a: (instruction >>> 7) & 0xff,
    b: (instruction >>> 16) & 0xff,
    c: instruction >>> 24,
  };
}
