/** A function of a compiled chunk, as far as anybody asks. */
export interface Proto {
  readonly code: readonly Instruction[];
  /** The line of each instruction. */
  readonly lines: readonly number[];
  /** Texts among its constants. */
  readonly constants: readonly (string | undefined)[];
  /** Its local variables, in the order of their beginnings. */
  readonly locals: readonly LocalVariable[];
  readonly upvalues: readonly Upvalue[];
  /** Functions within it. */
  readonly protos: readonly Proto[];
}

/** A local variable lives from one instruction on until before another. */
export interface LocalVariable {
  readonly start: number;
  readonly end: number;
}

/** A variable of an enclosing function. */
export interface Upvalue {
  readonly name: string | undefined;
  /** Whether `index` is a register of the next enclosing function; else it is one of its upvalues. */
  readonly inStack: boolean;
  readonly index: number;
}

/** An instruction and what stands in its fields, whichever of them it has. */
export interface Instruction {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Instead of `b` and `c`. */
  readonly bx: number;
  /** Instead of all: how far it jumps. */
  readonly jump: number;
}

/** Opcodes of Lua 5.4 (lopcodes.h). */
export const Op = {
  MOVE: 0,
  LOADK: 3,
  LOADNIL: 8,
  GETUPVAL: 9,
  SETUPVAL: 10,
  GETTABUP: 11,
  GETTABLE: 12,
  GETFIELD: 14,
  SETTABUP: 15,
  SETFIELD: 18,
  JMP: 56,
  EQK: 60,
  TEST: 66,
  TESTSET: 67,
  CALL: 68,
  TAILCALL: 69,
  CLOSURE: 79,
} as const;

/** Where there is no instruction. */
export const NOTHING: Instruction = { op: -1, a: -1, b: -1, c: -1, bx: -1, jump: 0 };

/** Bytes of a chunk before its main function: signature, version, sizes, and two numbers to compare (ldump.c). */
const HEADER_BYTES = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1;
const ABSOLUTE = -128;
/** What is added to a distance to jump, so that it is never negative. */
const JUMP_OFFSET = 2 ** 24 - 1;

/** Pure: what `string.dump` gave for a chunk with its debug information. */
export function readChunk(chunk: Uint8Array): Proto {
  return new Reader(chunk, HEADER_BYTES).readFunction();
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
  readFunction(): Proto {
    this.#string();
    let line = this.#size();
    this.#size();
    this.offset += 3;
    const code = this.#list(() => decode(this.#word()));
    const constants = this.#list(() => this.#constant());
    const captured = this.#list(() => {
      const inStack = this.bytes[this.offset] === 1;
      const index = this.bytes[this.offset + 1] ?? 0;
      this.offset += 3;
      return { inStack, index };
    });
    const protos = this.#list(() => this.readFunction());
    const deltas = this.#list(() => this.#view.getInt8(this.offset++));
    const absolute = new Map(this.#list(() => [this.#size(), this.#size()] as const));
    const lines = deltas.map((delta, pc) => {
      line = delta === ABSOLUTE ? (absolute.get(pc) ?? line) : line + delta;
      return line;
    });
    const locals = this.#list(() => {
      this.#string();
      return { start: this.#size(), end: this.#size() };
    });
    const names = this.#list(() => this.#string());
    const upvalues = captured.map((upvalue, index) => ({ ...upvalue, name: names[index] }));
    return { code, lines, constants, locals, upvalues, protos };
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

function decode(instruction: number): Instruction {
  return {
    op: instruction & 0x7f,
    a: (instruction >>> 7) & 0xff,
    b: (instruction >>> 16) & 0xff,
    c: instruction >>> 24,
    bx: instruction >>> 15,
    jump: (instruction >>> 7) - JUMP_OFFSET,
  };
}
