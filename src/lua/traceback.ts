import type { Frame } from "./errors.ts";
import type { Heap } from "./heap.ts";
import type { LuaApi, LuaState } from "./wasm.ts";

/** Offsets in `lua_Debug` (Lua 5.4, lua.h) where pointers and `size_t` have four bytes. */
const Field = {
  name: 4,
  what: 12,
  source: 16,
  currentline: 24,
  linedefined: 28,
  lastlinedefined: 32,
  counts: 36,
} as const;
const DEBUG_BYTES = 128;
const MOST_FRAMES = 40;

/** The chunk name of the host's own Lua code, which no traceback shows. */
export const HOST_CHUNK = "=[runner]";

/** Where a function stands: its file, and its lines from the first to the last. */
export interface Definition {
  readonly source: string;
  readonly line: number;
  readonly lastLine: number;
}

/** Reads call stacks and where functions were defined. */
export class Tracer {
  private readonly record: number;
  private readonly stackFields: number;
  private readonly functionFields: number;
  private readonly countFields: number;

  constructor(
    private readonly api: LuaApi,
    private readonly heap: Heap,
  ) {
    this.record = api.malloc(DEBUG_BYTES);
    this.stackFields = heap.createCString("Sln");
    this.functionFields = heap.createCString(">S");
    this.countFields = heap.createCString(">u");
  }

  /** The lines of scripts that are on a coroutine's stack, innermost first, so many at most; also after it has died of an error. */
  frames(L: LuaState, most = MOST_FRAMES): Frame[] {
    const frames: Frame[] = [];
    for (let level = 0; frames.length < most && this.api.lua_getstack(L, level, this.record) === 1; level++) {
      this.api.lua_getinfo(L, this.stackFields, this.record);
      const line = this.word(Field.currentline);
      const source = this.text(Field.source);
      if (line <= 0 || source === HOST_CHUNK) continue;
      const name = this.text(Field.name);
      const isMain = this.text(Field.what) === "main";
      frames.push({ source: chunkPath(source), line, ...(name !== "" && !isMain && { name }) });
    }
    return frames;
  }

  /** Where the function on top of the stack, which is popped, stands. */
  definition(L: LuaState): Definition {
    this.api.lua_getinfo(L, this.functionFields, this.record);
    return {
      source: chunkPath(this.text(Field.source)),
      line: this.word(Field.linedefined),
      lastLine: this.word(Field.lastlinedefined),
    };
  }

  /** How many arguments the function on top of the stack, which is popped, can tell from none; all of them if it is variadic. */
  parameters(L: LuaState): number {
    this.api.lua_getinfo(L, this.countFields, this.record);
    // Four bytes: upvalues, parameters, whether it is variadic (as all of C is), and one that is not asked for.
    const counts = this.word(Field.counts);
    return (counts & 0xff0000) === 0 ? (counts >> 8) & 0xff : Number.POSITIVE_INFINITY;
  }

  private word(offset: number): number {
    return this.heap.readWord(this.record + offset);
  }

  private text(offset: number): string {
    return this.heap.readCString(this.word(offset));
  }
}

/** Chunk names begin with `@` for a file, `=` for a label; a chunk without a name is named by its own text. */
function chunkPath(source: string): string {
  if (source.startsWith("@") || source.startsWith("=")) return source.slice(1);
  return `[string "${source.split("\n", 1)[0]?.slice(0, 40)}"]`;
}
