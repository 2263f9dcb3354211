import { type Instruction, NOTHING, Op, type Proto } from "./bytecode.ts";

/** What a variable certainly stands for: a global, or what `require` gives for a name. */
export type Origin = { readonly global: string } | { readonly required: string };

/** Those whose first operand is no register that they set. */
export const SETS_NONE = new Set([
  10, 15, 16, 17, 18, 46, 47, 48, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 78, 82,
]);
/** Those that end a function: their operands are read. */
const RETURNS = new Set([70, 71, 72]);
/** What the values of one statement `local a, b = …` are made with, each for itself. */
const SIMPLE = new Set<number>([
  Op.MOVE,
  1,
  2,
  Op.LOADK,
  5,
  7,
  Op.GETUPVAL,
  Op.GETTABUP,
  Op.GETFIELD,
  Op.CLOSURE,
]);

interface Local {
  readonly register: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What the local variables of a function stand for, as far as that is certain: those that are set once, where they
 * are declared, to a global, to what `require` gives, or to another such variable.
 */
export class Aliases {
  readonly #locals: readonly Local[];
  /** Where each register is set. */
  readonly #sets = new Map<number, number[]>();
  readonly #targets = new Set<number>();
  readonly #known = new Map<Local, Origin | undefined>();

  /** `outer` are what the upvalues stand for. */
  constructor(
    private readonly proto: Proto,
    private readonly outer: readonly (Origin | undefined)[],
  ) {
    this.#locals = placeLocals(proto);
    for (const [pc, instruction] of proto.code.entries()) {
      if (instruction.op === Op.JMP) this.#targets.add(pc + 1 + instruction.jump);
      for (const register of setBy(instruction, proto)) {
        const sets = this.#sets.get(register);
        if (sets === undefined) this.#sets.set(register, [pc]);
        else sets.push(pc);
      }
    }
  }

  /** What the local variable in a register stands for at an instruction. */
  inRegister(register: number, pc: number): Origin | undefined {
    const local = this.#locals.findLast(
      ({ register: own, start, end }) => own === register && start <= pc && pc < end,
    );
    if (local === undefined) return undefined;
    if (!this.#known.has(local)) {
      // A variable that is set to itself ends here.
      this.#known.set(local, undefined);
      this.#known.set(local, this.#originOf(local));
    }
    return this.#known.get(local);
  }

  /** What each upvalue of a function within this one stands for, which is made by an instruction. */
  ofClosure({ upvalues }: Proto, pc: number): (Origin | undefined)[] {
    return upvalues.map(({ inStack, index }) => (inStack ? this.inRegister(index, pc) : this.outer[index]));
  }

  #originOf({ register, start, end }: Local): Origin | undefined {
    if (this.#sets.get(register)?.some((pc) => start <= pc && pc < end)) return undefined;
    const { code, constants, upvalues } = this.proto;
    for (let pc = start - 1; pc >= 0; pc--) {
      // What comes from elsewhere brings another value.
      if (this.#targets.has(pc + 1)) return undefined;
      const { op, a, b, c } = code[pc] ?? NOTHING;
      if (a !== register) {
        if (SIMPLE.has(op) || (op === Op.CALL && c === 2)) continue;
        return undefined;
      }
      if (op === Op.MOVE) return this.inRegister(b, pc);
      if (op === Op.GETUPVAL) return this.outer[b];
      if (op === Op.CALL) return requiredBy(this.proto, pc);
      const name = constants[c];
      const isGlobal = op === Op.GETTABUP && upvalues[b]?.name === "_ENV" && name !== undefined;
      return isGlobal ? { global: name } : undefined;
    }
    return undefined;
  }
}

/** The function of the loader that a call calls with one text alone: `require "name"`. */
export function loadedBy(
  { code, constants, upvalues }: Proto,
  pc: number,
): { readonly callee: string; readonly name: string } | undefined {
  const call = code[pc] ?? NOTHING;
  const argument = code[pc - 1] ?? NOTHING;
  const callee = code[pc - 2] ?? NOTHING;
  const isCall = (call.op === Op.CALL || call.op === Op.TAILCALL) && call.b === 2;
  if (!isCall || argument.op !== Op.LOADK || argument.a !== call.a + 1) return undefined;
  if (callee.op !== Op.GETTABUP || callee.a !== call.a || upvalues[callee.b]?.name !== "_ENV")
    return undefined;
  const name = constants[argument.bx];
  const called = constants[callee.c];
  return name === undefined || called === undefined ? undefined : { callee: called, name };
}

/** What a call gives that calls `require` with one text. */
export function requiredBy(proto: Proto, pc: number): Origin | undefined {
  const loaded = loadedBy(proto, pc);
  return loaded?.callee === "require" && proto.code[pc]?.c === 2 ? { required: loaded.name } : undefined;
}

/** Locals take registers as they begin, and give them back in the reverse order. */
function placeLocals({ locals }: Proto): Local[] {
  const active: { end: number }[] = [];
  return locals.map(({ start, end }) => {
    while (active.length > 0 && (active.at(-1)?.end ?? 0) <= start) active.pop();
    const register = active.push({ end }) - 1;
    return { register, start, end };
  });
}

/** Registers that an instruction may set; making a function that sets a variable of this one counts as that. */
function setBy({ op, a, b, bx }: Instruction, { protos }: Proto): number[] {
  if (SETS_NONE.has(op) || RETURNS.has(op)) return [];
  if (op === Op.LOADNIL) return Array.from({ length: b + 1 }, (_, place) => a + place);
  if (op !== Op.CLOSURE) return [a];
  const made = protos[bx];
  return [a, ...(made === undefined ? [] : registersSetBy(made))];
}

/** Registers of the enclosing function that a function sets, or one within it. */
function registersSetBy(proto: Proto): number[] {
  return [...upvaluesSetBy(proto)].flatMap((place) => {
    const upvalue = proto.upvalues[place];
    return upvalue?.inStack ? [upvalue.index] : [];
  });
}

function upvaluesSetBy({ code, protos }: Proto): Set<number> {
  const set = new Set(code.flatMap(({ op, b }) => (op === Op.SETUPVAL ? [b] : [])));
  for (const inner of protos) {
    for (const place of upvaluesSetBy(inner)) {
      const upvalue = inner.upvalues[place];
      if (upvalue !== undefined && !upvalue.inStack) set.add(upvalue.index);
    }
  }
  return set;
}
