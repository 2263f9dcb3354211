import { exists } from "../../lib/path.ts";
import { MASK } from "../../modules/secrets.ts";
import { BUILT_INS } from "../../plugins/builtin.ts";
import type { HookRunner } from "../../plugins/hooks.ts";
import type { PluginServices } from "../../plugins/host.ts";
import { showProblem } from "../../plugins/problem.ts";
import type { ScriptPlugins } from "../../plugins/session.ts";
import type { Settled } from "../context.ts";
import { secretMatcher } from "../secrets.ts";
import { type PlacesOptions, type PluginPlaces, pluginPlaces } from "./places.ts";

/** The plugins that a command's scripts have to do with, until it is disposed of. */
export interface Plugins extends ScriptPlugins, AsyncDisposable {
  /** Absent where no plugin can have any. */
  readonly hooks?: HookRunner;
}

/** What the command gives to plugins. */
export interface Services extends Omit<PluginServices, "log" | "report"> {
  /** Shows a message of a plugin. */
  readonly log: (
    record: { level: "debug" | "info" | "warn" | "error"; message: string; fields: Record<string, string> },
    task: string | undefined,
  ) => void;
  /** Shows that a plugin does not work. */
  readonly warn: (message: string) => void;
}

/** Whose plugins, and for what. */
export interface OpenOptions extends PlacesOptions {
  /** Whether tasks will run; a plugin is not set up for a file that is only looked at, before a function of it is called. */
  readonly purpose: "run" | "inspect";
}

/**
 * The plugins for the scripts of a command. Where there are none outside of the binary and none is configured,
 * nothing is loaded before a script uses one. Never raises for what is wrong with a plugin.
 */
export async function openPlugins(
  settled: Settled,
  options: OpenOptions,
  services: Services,
): Promise<Plugins> {
  const found = pluginPlaces(settled, options);
  const given = toPluginServices(settled, services);
  if (!mayHavePlugins(found)) return createLazily(found, given);
  const { PluginSession } = await import("../../plugins/session.ts");
  const session = new PluginSession(await load(found), found.settings, given);
  if (options.purpose === "run") await session.start();
  return session;
}

/** All plugins of a command's places; nothing of them is called. */
export async function load({ places, settings }: PluginPlaces) {
  const [{ loadPlugins }, { RESERVED_MODULES }, { ROOT }, { watchPlugins }] = await Promise.all([
    import("../../plugins/plugin.ts"),
    import("../../plugins/reserved.ts"),
    import("../commands.ts"),
    import("./watch.ts"),
  ]);
  watchPlugins();
  return loadPlugins(places, settings, {
    modules: RESERVED_MODULES,
    commands: new Set(Object.keys(ROOT.commands)),
  });
}

/** Whether a look at the plugins is needed at all. */
export function mayHavePlugins({ places, settings }: PluginPlaces): boolean {
  if (Object.keys(settings.config).length > 0) return true;
  // A folder that somebody named and that is not there has to be reported.
  return places.some(({ folder, origin }) => origin === "config" || origin === "--plugins" || exists(folder));
}

function createLazily({ settings }: PluginPlaces, services: PluginServices): Plugins {
  let session: import("../../plugins/session.ts").PluginSession | undefined;
  const open = () => {
    const { PluginSession }: typeof import("../../plugins/session.ts") = require("../../plugins/session.ts");
    session ??= new PluginSession({ plugins: [], lua: [], problems: [] }, settings, services);
    return session;
  };
  return {
    names: BUILT_INS.flatMap(({ modules }) => modules),
    createModule: (name, current, permits) => open().createModule(name, current, permits),
    lua: [],
    broken: new Map(),
    report: services.report,
    [Symbol.asyncDispose]: async () => session?.[Symbol.asyncDispose](),
  };
}

/** What plugins get of a command: their messages are shown without secrets. */
export function toPluginServices({ config }: Settled, { log, warn, ...services }: Services): PluginServices {
  const isSecret = secretMatcher(config.settings["secrets.patterns"]);
  return {
    ...services,
    log: ({ level, message, fields, task }) => {
      const shown = Object.entries(fields).map(
        ([name, value]) => [name, isSecret(name) ? MASK : show(value, isSecret)] as const,
      );
      log({ level, message, fields: Object.fromEntries(shown) }, task);
    },
    report: (problem) => warn(showProblem(problem)),
  };
}

function show(value: unknown, isSecret: (name: string) => boolean): string {
  if (typeof value === "string") return value;
  const mask = (name: string, inner: unknown) => (name !== "" && isSecret(name) ? MASK : inner);
  return JSON.stringify(value, mask) ?? String(value);
}
