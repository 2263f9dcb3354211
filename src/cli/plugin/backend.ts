import type { Backend } from "../../backends/backend.ts";
import { backendOfUrl, openPluginBackend } from "../../plugins/backends.ts";
import type { BackendOptions } from "../../plugins/contract.ts";
import { retentionOf, type Settled } from "../context.ts";
import { type PlacesOptions, pluginPlaces } from "./places.ts";
import { watchPlugins } from "./watch.ts";

/** The backend of a plugin, for the store of an agent. Raises `invalid` for a name that none has. */
export function openOtherBackend(
  name: string,
  agent: string,
  settled: Settled,
  options: PlacesOptions,
): Promise<Backend> {
  watchPlugins();
  const { "state.url": url } = settled.config.settings;
  return openPluginBackend(name, optionsOf(settled, agent, url), pluginPlaces(settled, options));
}

/** The backend of a plugin that a URL is for, by its scheme. Raises `invalid` when there is none. */
export async function openBackendOfUrl(url: string, agent: string, settled: Settled): Promise<Backend> {
  const places = pluginPlaces(settled, {});
  return openPluginBackend(await backendOfUrl(url, places), optionsOf(settled, agent, url), places);
}

/** What the settings say about opening a plugin's backend. */
export function optionsOf(
  { config: { settings } }: Settled,
  agent: string,
  url: string | undefined,
): BackendOptions {
  const { "state.pool_size": poolSize } = settings;
  return {
    agent,
    ...(url !== undefined && { url }),
    ...(poolSize !== undefined && { poolSize }),
    durability: settings["state.durability"],
    busyTimeout: settings["state.busy_timeout"],
    cacheSize: settings["state.cache_size"],
    maxValueBytes: settings["state.max_value"],
    retention: retentionOf(settings),
    options: settings["state.options"],
  };
}
