import { join, resolve } from "../lib/path.ts";
import { type Config, DEFAULTS, type SettingName } from "./config.ts";
import { type Environment, hasSettings } from "./environment.ts";
import { findProjectFile, readConfigFile } from "./files.ts";
import type { Layer } from "./layer.ts";

export interface LoadOptions {
  /** The home folder; undefined when there is none, which then has no config. */
  readonly home: string | undefined;
  /** Where the search for a project's config starts. */
  readonly folder: string;
  readonly env: Environment;
  /**
   * Whether the folder's own settings may choose stores and plugins without being trusted: for commands that
   * execute its code anyway.
   */
  readonly project: "follow" | "needs-trust";
  /** What options on the command line set, with the option's name as its origin. */
  readonly flags?: readonly { origin: string; layer: Layer }[];
}

/**
 * The settings in force: defaults, then `<home>/config.yaml`, the project's file, the environment, flags; the
 * later wins. Raises `invalid` for what is mistyped, and for a project that needs trust and lacks it.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const settings: Record<string, unknown> = { ...DEFAULTS };
  const origins: Partial<Record<SettingName, string>> = {};
  for (const { origin, layer } of await collectLayers(options)) {
    for (const name of Object.keys(layer) as SettingName[]) {
      settings[name] = layer[name];
      origins[name] = typeof origin === "string" ? origin : origin(name);
    }
  }
  // Defaults have every setting, and each layer's values came out of the schema.
  return { settings: settings as Config["settings"], origins };
}

interface Source {
  readonly origin: string | ((name: SettingName) => string);
  readonly layer: Layer;
}

/**
 * The layers that exist, the weakest first. Without files and variables, neither zod nor a parser is loaded.
 */
async function collectLayers({
  home,
  folder,
  env,
  project,
  flags = [],
}: LoadOptions): Promise<readonly Source[]> {
  const homeFile = home === undefined ? undefined : join(home, "config.yaml");
  const homeContent = homeFile === undefined ? undefined : readConfigFile(homeFile);
  const start = resolve(folder);
  const projectFile = findProjectFile(start);
  if (projectFile !== undefined) {
    const { checkFoundFile } = await import("../lib/ownership.ts");
    checkFoundFile(projectFile, start, "Put a runner.yaml of your own here.");
  }
  const hasVariables = hasSettings(env);
  if (homeContent === undefined && projectFile === undefined && !hasVariables) return flags;

  const { layerOfEnvironment, layerOfFile, variableOf } = await import("./layer.ts");
  const sources: Source[] = [];
  if (homeFile !== undefined && homeContent !== undefined) {
    sources.push({ origin: homeFile, layer: layerOfFile(homeFile, homeContent, env) });
  }
  if (projectFile !== undefined) {
    const layer = layerOfFile(projectFile, readConfigFile(projectFile), env);
    if (project === "needs-trust") {
      const { checkTrust } = await import("./trust.ts");
      checkTrust(projectFile, layer, home);
    }
    sources.push({ origin: projectFile, layer });
  }
  sources.push({ origin: variableOf, layer: layerOfEnvironment(env, resolve(".")) });
  return [...sources, ...flags];
}
