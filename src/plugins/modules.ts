import type { z } from "zod";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { bindModule } from "../modules/bind.ts";
import type { CurrentContext } from "../modules/context.ts";
import type { FunctionDef, ModuleDef } from "../modules/define.ts";
import type { HostFunction, LuaModule, LuaValue } from "../modules/module.ts";
import type { Permits } from "../modules/permits.ts";
import type { Schema } from "../modules/schema/words.ts";
import type { CallContext } from "./context.ts";
import type { PluginHost } from "./host.ts";
import type { LoadedPlugin } from "./plugin.ts";
import { toLua, toPlugin } from "./values.ts";

/** The modules of a plugin as documentation and editors see them; nothing of it is called. */
export function describeModules({ name, definition }: LoadedPlugin): ModuleDef[] {
  const { modules = {}, description } = definition;
  return Object.entries(modules).map(([module, functions]) => ({
    name: module,
    description: description ?? `From the plugin ${name}.`,
    functions: Object.fromEntries(
      Object.entries(functions).map(([fn, { args, description: text, example, returns, effect }]) => [
        fn,
        {
          description: text ?? `From the plugin ${name}.`,
          example: example ?? `${module}.${fn}(…)`,
          effect: effect ?? true,
          waits: true,
          ...(args !== undefined && { args: args.map(asArgument) }),
          ...(returns !== undefined && { returns }),
        } satisfies FunctionDef,
      ]),
    ),
  }));
}

/** A module of a plugin as Lua gets it: values in, values out, the plugin set up before its first call. */
export function createPluginModule({
  plugin,
  module,
  host,
  current,
  permits,
}: {
  readonly plugin: LoadedPlugin;
  readonly module: string;
  readonly host: PluginHost;
  readonly current: CurrentContext;
  readonly permits: Permits;
}): LuaModule | undefined {
  const described = describeModules(plugin).find(({ name }) => name === module);
  if (described === undefined) return undefined;
  const functions = Object.entries(described.functions).map(([name, definition]) => {
    const callee = `${module}.${name}`;
    const run = plugin.definition.modules?.[module]?.[name]?.run;
    const act = async (args: unknown, given: number) => {
      // Before anything waits: by then another call may be under way.
      const context = contextOf(host, plugin, current);
      await setUp(host, plugin, callee);
      return call({ plugin, callee, run, context, args: inOrder(args, given) });
    };
    return [name, { ...definition, run: act } as unknown as FunctionDef<never>] as const;
  });
  const bound = bindModule({ ...described, functions: Object.fromEntries(functions) }, permits);
  return { ...bound, functions: mapValues(bound.functions, withPlainArguments) };
}

interface Call {
  readonly plugin: LoadedPlugin;
  /** `module.function`, for errors. */
  readonly callee: string;
  readonly run: unknown;
  readonly context: CallContext;
  readonly args: readonly unknown[];
}

/** What the plugin was made for, called; what it throws is an error that names it. */
async function call({ plugin, callee, run, context, args }: Call): Promise<LuaValue> {
  // Its arguments have passed its own schemas, of which nothing is known here.
  const fn = run as (ctx: CallContext, ...args: readonly unknown[]) => unknown;
  try {
    return toLua(await fn(context, ...args), `what ${callee} gave`);
  } catch (error) {
    if (context.signal.aborted) throw error;
    const known = error instanceof RunnerError;
    // Ours say what to do; whose code another error comes from has to be said.
    if (known && plugin.origin === "built in") throw error;
    const reason = messageOf(error).replace(/\.$/, "");
    const text = `Cannot do ${callee}: ${reason} (plugin "${plugin.name}", ${plugin.file}).`;
    throw new RunnerError(known && error.code !== "bug" ? error.code : "task_failed", text, { cause: error });
  }
}

async function setUp(host: PluginHost, plugin: LoadedPlugin, callee: string): Promise<void> {
  try {
    await host.ready(plugin);
  } catch (error) {
    const text = `Cannot do ${callee}: the plugin "${plugin.name}" (${plugin.file}) is not ready: ${messageOf(error)}`;
    throw new RunnerError("invalid", text, { cause: error });
  }
}

function contextOf(host: PluginHost, plugin: LoadedPlugin, current: CurrentContext): CallContext {
  const { cwd, task, signal } = current();
  const { run } = host.services;
  return {
    ...host.context(plugin, { signal, task }),
    cwd,
    ...(task !== undefined && { task }),
    ...(run !== undefined && { run }),
  };
}

/** The arguments that were given, as an array: bindings name them by their places. */
function inOrder(args: unknown, given: number): unknown[] {
  const values = Object.values(args as Readonly<Record<string, unknown>>);
  return values.slice(0, Math.max(given, values.findLastIndex((value) => value !== undefined) + 1));
}

function withPlainArguments(run: HostFunction): HostFunction {
  // Functions are left as plugins can call them; the schemas let through what they like.
  return (...values) => run(...(values.map(toPlugin) as LuaValue[]));
}

function asArgument(schema: z.ZodType): Schema<unknown> {
  // Both kinds of zod have the same core, which is all that is used of it.
  return schema as unknown as Schema<unknown>;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
