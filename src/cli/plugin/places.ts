import { findProjectFile } from "../../config/files.ts";
import { PLUGINS_FOLDER } from "../../config/project.ts";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { dirname, exists, join, resolve } from "../../lib/path.ts";
import type { Place } from "../../plugins/places.ts";
import type { PluginSettings } from "../../plugins/plugin.ts";
import type { Settled } from "../context.ts";
import { projectFolder } from "../project-folder.ts";

/** Whose plugins a command uses. */
export interface PlacesOptions {
  /** The task file that the command executes, whose folder's plugins are used without trust. */
  readonly forTaskFile?: string | undefined;
  /** `--plugins`. */
  readonly plugins?: readonly string[] | undefined;
  /** `--sandbox`, and what `--allow` adds to it. */
  readonly sandbox?: boolean | undefined;
  readonly allow?: readonly string[] | undefined;
}

/** Where plugins are, and what is set for them. */
export interface PluginPlaces {
  readonly places: readonly Place[];
  readonly settings: PluginSettings;
  /** Why a folder of the project's plugins is not used: nobody has trusted it as it is. */
  readonly distrust?: string;
}

/** Where the plugins of a command are, and their settings. Nothing of them is read. */
export function pluginPlaces({ config, home }: Settled, options: PlacesOptions): PluginPlaces {
  const { forTaskFile, plugins = [], sandbox = false, allow = [] } = options;
  const folder = forTaskFile === undefined ? projectFolder() : dirname(resolve(forTaskFile));
  const own = join(folder, PLUGINS_FOLDER);
  const distrusted = new Map<string, string>();
  for (const path of forTaskFile === undefined ? [own, ...pathsOfProject(config)] : []) {
    const why = exists(path) ? whyNotTrusted(folder, path, home) : undefined;
    if (why !== undefined) distrusted.set(path, why);
  }
  const [distrust] = distrusted.values();
  const { placesOf }: typeof import("../../plugins/places.ts") = require("../../plugins/places.ts");
  return {
    places: placesOf({
      home,
      paths: config.settings["plugins.paths"].filter((path) => !distrusted.has(path)),
      project: distrusted.has(own) ? undefined : folder,
      extra: plugins.map(namedFolder),
    }),
    settings: {
      config: config.settings["plugins.config"],
      origin: config.origins["plugins.config"] ?? "the config",
      ...(sandbox && { allows: allowedBy(allow, folder) }),
    },
    ...(distrust !== undefined && { distrust }),
  };
}

/** A folder of `--plugins`. Raises `not_found` or `usage` where there is none. */
function namedFolder(path: string): string {
  const folder = resolve(path);
  if (!exists(folder)) {
    throw new RunnerError(
      "not_found",
      `Cannot use --plugins ${path}: there is nothing there. Name a folder of plugins.`,
    );
  }
  if (!node.fs.statSync(folder).isDirectory()) {
    throw new RunnerError(
      "usage",
      `Cannot use --plugins ${path}: it is no folder. Name the folder that it is in.`,
    );
  }
  return folder;
}

function allowedBy(allow: readonly string[], folder: string): (name: string) => boolean {
  const { createPermits }: typeof import("../../modules/permits.ts") = require("../../modules/permits.ts");
  const permits = createPermits(allow, folder);
  return (name) => permits.allows("plugins", name);
}

/** Folders of plugins that the project's own config names; those of the user's need no trust. */
function pathsOfProject({ origins, settings }: Settled["config"]): readonly string[] {
  const origin = origins["plugins.paths"];
  return origin !== undefined && origin === findProjectFile(resolve(".")) ? settings["plugins.paths"] : [];
}

function whyNotTrusted(folder: string, own: string, home: string | undefined): string | undefined {
  const { checkTrustedPlugins }: typeof import("../../config/trust.ts") = require("../../config/trust.ts");
  try {
    checkTrustedPlugins(folder, own, home);
    return undefined;
  } catch (error) {
    if (error instanceof RunnerError) return error.message;
    throw error;
  }
}
