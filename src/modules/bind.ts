import type { FunctionDef, ModuleDef } from "./define.ts";
import type { HostFunction, LuaModule, LuaValue } from "./module.ts";
import { deny, type Permits, UNLIMITED } from "./permits.ts";
import { createAcceptor } from "./schema/accept.ts";
import type { Shape, Words } from "./schema/words.ts";

/**
 * The module of a definition as the VM takes it: functions that check their arguments, and raise `denied` when they
 * need what `permits` does not allow at all.
 */
export function bindModule(module: ModuleDef, permits: Permits = UNLIMITED): LuaModule {
  const functions: Record<string, HostFunction> = {};
  const effects: string[] = [];
  for (const [name, definition] of Object.entries(module.functions)) {
    if (definition.run === undefined) continue;
    for (const called of [name, ...(definition.aliases ?? [])]) {
      functions[called] = bindFunction(calleeOf(module, called), definition, permits);
      if (definition.effect) effects.push(called);
    }
  }
  const fields = Object.entries(module.fields ?? {}).map(([name, { value }]) => [name, value] as const);
  return { name: module.name, functions, fields: Object.fromEntries(fields), effects };
}

/** What messages call a function: `fs.read`, or its name alone when it belongs to no module. */
export function calleeOf(module: { readonly name: string }, name: string): string {
  return module.name === "" ? name : `${module.name}.${name}`;
}

/** A function of a definition, as Lua calls it. `callee` is what messages call it. */
export function bindFunction(
  callee: string,
  definition: FunctionDef<never>,
  permits: Permits = UNLIMITED,
): HostFunction {
  const { args, permission } = definition;
  if (permission !== undefined && !permits.any(permission)) return () => deny(permission, callee);
  // The arguments that reach `run` have passed its own schemas.
  const run = definition.run as unknown as (args: unknown, given: number) => ReturnType<HostFunction>;
  if (args === undefined) return (...values) => run({}, values.length);
  if (typeof args !== "function") {
    const shape = Object.fromEntries(args.map((schema, i) => [String(i + 1), schema] as const));
    return (...values) => run(explain(callee, shape, values), values.length);
  }
  let accept: ReturnType<typeof createAcceptor> | undefined;
  return (...values) => {
    accept ??= createAcceptor(args);
    return run(accept(values) ?? explain(callee, args, values), values.length);
  };
}

function explain(
  callee: string,
  args: Shape | ((words: Words) => Shape),
  values: readonly LuaValue[],
): unknown {
  // Loaded here alone: zod takes milliseconds, and a call that is right does not need it.
  const { parseArguments }: typeof import("./schema/explain.ts") = require("./schema/explain.ts");
  const { zodWords }: typeof import("./schema/zod.ts") = require("./schema/zod.ts");
  return parseArguments(callee, typeof args === "function" ? args(zodWords) : args, values);
}
