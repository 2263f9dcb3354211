import { isUtf8 } from "node:buffer";
import type { LuaApi } from "./wasm.ts";

const SCRATCH_BYTES = 65_536;
/** Up to this length a loop over the characters is faster than a call of the encoder. */
const SHORT_TEXT = 40;
/** Places for short texts that were read; a power of two. */
const PLACES = 512;
const NON_ASCII = /[\x80-\xff]/;
const REPLACEMENT = "\ufffd";

/** Lua's memory is exhausted: the limit of the VM is reached. */
export class OutOfMemory extends Error {
  constructor() {
    super("not enough memory");
  }
}

/** Text and bytes in and out of the VM's memory. Pointers are addresses there. */
export class Heap {
  /** Where short strings are staged on their way to Lua, which copies them. */
  private readonly scratch: number;
  /** The same memory for one 32-bit result of a C call, such as a length. */
  readonly out: number;
  private bytes: Buffer;
  private words: Int32Array;
  /** Short ASCII texts that were read lately, by the address at which each was. */
  private readonly recent: string[] = new Array(PLACES).fill("");

  constructor(private readonly api: LuaApi) {
    this.scratch = api.malloc(SCRATCH_BYTES);
    this.out = api.malloc(8);
    this.bytes = Buffer.from(api.memory.buffer);
    this.words = new Int32Array(api.memory.buffer);
  }

  /** Takes new views of the memory; to be called whenever it has grown. */
  refresh(): void {
    this.bytes = Buffer.from(this.api.memory.buffer);
    this.words = new Int32Array(this.api.memory.buffer);
  }

  readWord(pointer: number): number {
    return this.words[pointer >> 2] ?? 0;
  }

  /** A Lua string's content: text when it is valid UTF-8, else a copy of its bytes. */
  readString(pointer: number, length: number): string | Uint8Array {
    const bytes = this.bytes;
    const place = (pointer >> 3) & (PLACES - 1);
    // Lua has each short string once: what is read again is mostly where it was, and compared faster than made.
    const recent = this.recent[place] as string;
    if (recent.length === length && this.holds(pointer, recent)) return recent;
    // Nearly every string is ASCII, for which this decoder is the fastest.
    const ascii = bytes.latin1Slice(pointer, pointer + length);
    if (!NON_ASCII.test(ascii)) {
      if (length <= SHORT_TEXT) this.recent[place] = ascii;
      return ascii;
    }
    const text = bytes.utf8Slice(pointer, pointer + length);
    // The decoder puts U+FFFD for invalid bytes, but the text may also hold that character itself.
    if (!text.includes(REPLACEMENT) || isUtf8(bytes.subarray(pointer, pointer + length))) return text;
    return new Uint8Array(bytes.subarray(pointer, pointer + length));
  }

  private holds(pointer: number, text: string): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) if (bytes[pointer + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** A C string's content, for names that Lua itself reports; bytes that are not UTF-8 are replaced. */
  readCString(pointer: number): string {
    if (pointer === 0) return "";
    const bytes = this.bytes;
    return bytes.utf8Slice(pointer, bytes.indexOf(0, pointer));
  }

  /** Stages a short ASCII text, as most are; its address, or 0 when the text is not of that kind. */
  stageShort(text: string): number {
    const { bytes, scratch } = this;
    const { length } = text;
    if (length > SHORT_TEXT) return 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return 0;
      bytes[scratch + i] = code;
    }
    return scratch;
  }

  /** Calls `use` with the address and length of the content while it lies in the VM's memory. */
  withBytes<T>(content: string | Uint8Array, use: (pointer: number, length: number) => T): T {
    if (typeof content === "string" && content.length * 3 < SCRATCH_BYTES) {
      return use(this.scratch, this.bytes.utf8Write(content, this.scratch, SCRATCH_BYTES));
    }
    const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
    if (bytes.length < SCRATCH_BYTES) {
      this.bytes.set(bytes, this.scratch);
      return use(this.scratch, bytes.length);
    }
    const pointer = this.allocate(bytes.length);
    try {
      this.bytes.set(bytes, pointer);
      return use(pointer, bytes.length);
    } finally {
      this.api.free(pointer);
    }
  }

  /** Calls `use` with the address of a NUL-terminated copy. */
  withCString<T>(text: string, use: (pointer: number) => T): T {
    const pointer = this.createCString(text);
    try {
      return use(pointer);
    } finally {
      this.api.free(pointer);
    }
  }

  /** A NUL-terminated copy that stays; for names that live as long as the VM. */
  createCString(text: string): number {
    const bytes = Buffer.from(text, "utf8");
    const pointer = this.allocate(bytes.length + 1);
    this.bytes.set(bytes, pointer);
    this.bytes[pointer + bytes.length] = 0;
    return pointer;
  }

  private allocate(size: number): number {
    const pointer = this.api.malloc(size);
    if (pointer === 0) throw new OutOfMemory();
    return pointer;
  }
}
