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
  const harmless: string[] = [];
  const waits: Record<string, string> = {};
  for (const [name, definition] of Object.entries(module.functions)) {
    if (definition.run === undefined) continue;
    const effect = definition.effect ?? module.effect ?? true;
    for (const called of [name, ...(definition.aliases ?? [])]) {
      const callee = calleeOf(module, called);
      functions[called] = mayCall(definition, effect, module, permits)
        ? bindFunction(callee, definition, permits)
        : () => deny("plugins", callee, module.name);
      if (!effect) harmless.push(called);
      if (definition.waits) waits[called] = callee;
    }
  }
  const fields = Object.entries(module.fields ?? {}).map(([name, { value }]) => [name, value] as const);
  return { name: module.name, functions, fields: Object.fromEntries(fields), harmless, waits };
}

/** Whether a sandbox leaves a function: one that has effects and does not say which must be allowed as such. */
function mayCall(
  { permission }: FunctionDef<never>,
  effect: boolean,
  { name }: ModuleDef,
  permits: Permits,
): boolean {
  return !effect || permission !== undefined || permits.allows("plugins", name);
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
  const read = createReader(args);
  const name = () => callee;
  return (...values) => run(read(values, name), values.length);
}

/** Reads the arguments of calls: what `run` gets. Raises `bad_argument` when they are not as described. */
export function createReader(
  args: FunctionDef<never>["args"],
): (values: readonly LuaValue[], callee: () => string) => unknown {
  if (args === undefined) return () => ({});
  if (typeof args !== "function") {
    const shape = Object.fromEntries(args.map((schema, i) => [String(i + 1), schema] as const));
    return (values, callee) => explain(callee(), shape, values);
  }
  let accept: ReturnType<typeof createAcceptor> | undefined;
  return (values, callee) => {
    accept ??= createAcceptor(args);
    return accept(values) ?? explain(callee(), args, values);
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
