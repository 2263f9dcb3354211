import { Liquid, LiquidError } from "liquidjs";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { Float, Opaque } from "../../lib/value.ts";
import { floatText } from "../data/numbers.ts";
import type { LuaRecord, LuaValue } from "../module.ts";

/** A template may loop over what it likes; these end one that would not end. */
const RENDER_LIMIT_MS = 10_000;
const MEMORY_LIMIT = 256 * 1024 * 1024;

/**
 * Templates in the Liquid language, interpreted: nothing in them becomes code. Files cannot be included, and of a
 * value only its own fields can be reached.
 */
const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  lenientIf: true,
  ownPropertyOnly: true,
  renderLimit: RENDER_LIMIT_MS,
  memoryLimit: MEMORY_LIMIT,
  templates: {},
});

/**
 * The text of a template with its variables. `name` is how errors call it. Raises `bad_value` for an unknown name or
 * filter and for what is no template, with line and column.
 */
export function renderTemplate(text: string, vars: LuaRecord, name: string): string {
  const scope = Object.fromEntries(Object.entries(vars).map(([key, value]) => [key, toScope(value, key)]));
  try {
    return String(engine.parseAndRenderSync(text, scope));
  } catch (error) {
    if (!LiquidError.is(error)) throw error;
    const [line, column] = error.token.getPosition();
    const cause = error.originalError ?? error;
    const problem = messageOf(cause)
      .replace(/, line:.*$/s, "")
      .replace(/^undefined variable: /, "there is no variable ")
      .replace(/^undefined filter: /, "there is no filter ");
    throw new RunnerError("bad_value", `Cannot render ${name}: line ${line}, column ${column}: ${problem}.`, {
      cause: error,
    });
  }
}

/** A value as templates see it: numbers print as Lua prints them. */
function toScope(value: LuaValue, path: string): unknown {
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Uint8Array || value instanceof Opaque) {
    const what = value instanceof Opaque ? value.what : "a string that is not UTF-8";
    throw new RunnerError("bad_value", `Cannot use vars.${path} in a template: it is ${what}.`);
  }
  if (Array.isArray(value)) return value.map((item: LuaValue, i) => toScope(item, `${path}[${i + 1}]`));
  if (typeof value !== "object" || value === null) return value;
  const entries: [LuaValue, LuaValue][] = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, inner]) => [String(key), toScope(inner, `${path}.${String(key)}`)]),
  );
}
