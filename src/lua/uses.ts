import { Aliases, loadedBy, type Origin, requiredBy, SETS_NONE } from "./aliases.ts";
import { type Instruction, NOTHING, Op, type Proto, readChunk } from "./bytecode.ts";

/** A use of a global variable in a compiled chunk. */
export interface GlobalUse {
  readonly name: string;
  readonly line: number;
  readonly kind: "read" | "write";
  /** Whether it is only asked here if there is any: `if name then`, `type(name)`. */
  readonly isAsked?: true;
}

/** A call of a function that is a field: `get` of the global `state` for `state.get(…)`. */
export interface FieldCall {
  readonly of: Origin;
  readonly field: string;
  readonly line: number;
}

/** A call that loads a file or a module by a name that stands there: `require "lib.part"`. */
export interface Load {
  /** `require`, `import`, and others that take a name. */
  readonly callee: string;
  readonly name: string;
  readonly line: number;
}

/** What a chunk uses that it does not bring along. */
export interface Uses {
  readonly globals: GlobalUse[];
  readonly calls: FieldCall[];
  readonly loads: Load[];
  /** Names of fields that it sets, of whatever table. */
  readonly fields: Set<string>;
}

/**
 * Pure: what a chunk uses, by what `string.dump` gave for it with its debug information. It is the compiler's own view:
 * whether a name is a local, a global or a field needs no guess.
 */
export function findUses(chunk: Uint8Array): Uses {
  const uses: Uses = { globals: [], calls: [], loads: [], fields: new Set() };
  walk(readChunk(chunk), [], uses);
  return uses;
}

function walk(proto: Proto, outer: readonly (Origin | undefined)[], uses: Uses): void {
  const { code, lines, constants, upvalues, protos } = proto;
  const aliases = new Aliases(proto, outer);
  const noted = new Set<number>();
  const note = (at: number, of: Origin, register: number) => {
    // What was just read into a local variable is found by both.
    if (noted.has(at)) return;
    noted.add(at);
    noteField(proto, { at, of, register }, uses);
  };
  const isEnvironment = (upvalue: number) => upvalues[upvalue]?.name === "_ENV";
  for (const [pc, { op, a, b, c, bx }] of code.entries()) {
    const line = lines[pc] ?? 0;
    const read = (name: string | undefined, at: number) => {
      if (name === undefined) return;
      uses.globals.push({ name, line, kind: "read", ...(isAsked(proto, at, a) && { isAsked: true }) });
      note(at + 1, { global: name }, a);
    };
    const write = (name: string | undefined) => {
      if (name !== undefined) uses.globals.push({ name, line, kind: "write" });
    };
    if (op === Op.GETTABUP && isEnvironment(b)) read(constants[c], pc);
    else if (op === Op.SETTABUP && isEnvironment(a)) write(constants[b]);
    else if (op === Op.GETUPVAL && isEnvironment(b)) {
      // A function with more names than fit into an instruction gets the environment, then the name, then the value.
      const [key = NOTHING, access = NOTHING] = code.slice(pc + 1, pc + 3);
      const name = key.op === Op.LOADK ? constants[key.bx] : undefined;
      if (access.op === Op.GETTABLE && access.b === a && access.c === key.a) read(name, pc + 2);
      else write(name);
    } else if (op === Op.SETFIELD || op === Op.SETTABUP) {
      const field = constants[b];
      if (field === undefined) continue;
      uses.fields.add(field);
      const of = op === Op.SETTABUP ? outer[a] : (aliases.inRegister(a, pc) ?? lastRead(proto, pc, a));
      if (of !== undefined && isGlobals(of)) write(field);
    } else if (op === Op.GETFIELD || op === Op.LOADK) {
      const table = readField(proto, pc)?.table;
      const of = table === undefined ? undefined : aliases.inRegister(table, pc);
      if (of !== undefined && table !== undefined) note(pc, of, table);
    } else if (op === Op.GETUPVAL) {
      const of = outer[b];
      if (of !== undefined) note(pc + 1, of, a);
    } else if (op === Op.GETTABUP) {
      const of = outer[b];
      const field = constants[c];
      if (of !== undefined && field !== undefined && isCalled(code, pc, a)) {
        uses.calls.push({ of, field, line });
      }
    } else if (op === Op.CALL || op === Op.TAILCALL) {
      const load = loadedBy(proto, pc);
      if (load !== undefined) uses.loads.push({ ...load, line });
      const of = requiredBy(proto, pc);
      if (of !== undefined) note(pc + 1, of, a);
    } else if (op === Op.CLOSURE) {
      const inner = protos[bx];
      if (inner !== undefined) walk(inner, aliases.ofClosure(inner, pc), uses);
    }
  }
}

/**
 * Notes the call of a field that the instruction `at` reads from the table in a register, if it does that; and of `_G`,
 * whether there is such a global.
 */
function noteField(
  proto: Proto,
  { at, of, register }: { at: number; of: Origin; register: number },
  uses: Uses,
): void {
  const read = readField(proto, at);
  if (read?.table !== register) return;
  const { field, into } = read;
  const line = proto.lines[read.at] ?? 0;
  if (isCalled(proto.code, read.at, into)) uses.calls.push({ of, field, line });
  else if (isGlobals(of) && isAsked(proto, read.at, into))
    uses.globals.push({ name: field, line, kind: "read", isAsked: true });
}

/** Whether it is the table of all globals. */
function isGlobals(of: Origin): boolean {
  return "global" in of && of.global === "_G";
}

/** The global that was put into a register last before an instruction, if that is what was. */
function lastRead({ code, constants, upvalues }: Proto, pc: number, register: number): Origin | undefined {
  for (let at = pc - 1; at >= 0; at--) {
    const { op, a, b, c } = code[at] ?? NOTHING;
    if (a !== register || SETS_NONE.has(op)) continue;
    const name = op === Op.GETTABUP && upvalues[b]?.name === "_ENV" ? constants[c] : undefined;
    return name === undefined ? undefined : { global: name };
  }
  return undefined;
}

/** The read of a field that is or begins with an instruction; by registers, and where it is over. */
function readField(
  { code, constants }: Proto,
  pc: number,
): { table: number; field: string; into: number; at: number } | undefined {
  const first = code[pc] ?? NOTHING;
  // Of many names, those that do not fit into an instruction come by a register.
  const at = first.op === Op.LOADK ? pc + 1 : pc;
  const { op, a, b, c } = code[at] ?? NOTHING;
  if (op !== (at > pc ? Op.GETTABLE : Op.GETFIELD) || (at > pc && c !== first.a)) return undefined;
  const field = constants[at > pc ? first.bx : c];
  return field === undefined ? undefined : { table: b, field, into: a, at };
}

/** Whether what an instruction has put into a register is called. */
function isCalled(code: readonly Instruction[], pc: number, register: number): boolean {
  for (let at = pc + 1; at < code.length; at++) {
    const { op, a } = code[at] ?? NOTHING;
    if (SETS_NONE.has(op)) continue;
    const isCall = op === Op.CALL || op === Op.TAILCALL;
    if (isCall && a === register) return true;
    // Something else takes its place.
    if (a <= register && !isCall) return false;
  }
  return false;
}

/** Whether a register that was just read is looked at only for being nil or not. */
function isAsked({ code, constants }: Proto, pc: number, register: number): boolean {
  const next = code[pc + 1];
  if (next?.op === Op.TEST) return next.a === register;
  if (next?.op === Op.TESTSET) return next.b === register;
  // Every constant that is no text is undefined here; compared with a number, a name that nothing sets is never equal.
  if (next?.op === Op.EQK) return next.a === register && constants[next.b] === undefined;
  const before = code[pc - 1];
  const isType = before?.op === Op.GETTABUP && before.a === register - 1 && constants[before.c] === "type";
  return isType && next?.op === Op.CALL && next.a === before.a;
}
