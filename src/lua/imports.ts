import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { type HostFunction, Results } from "../modules/module.ts";
import type { IoHost } from "./io.ts";
import { sourcePath } from "./loader.ts";

/** What `import` needs of the host: files are loaded once, and those who come meanwhile wait. */
export function createImports({
  caller,
  loads,
  permitSource,
  sources,
}: Pick<IoHost, "caller" | "loads" | "permitSource" | "sources">): Record<string, HostFunction> {
  return {
    find_import(given, isLast) {
      const path = sourcePath(given, "import");
      const importer = (isLast === true ? loads.latest : undefined) ?? caller();
      const wanted = resolve(dirname(importer), path);
      const found = [wanted, `${wanted}.lua`, resolve(wanted, "init.lua")].find(isFile);
      if (found === undefined) {
        throw new RunnerError(
          "not_found",
          `Cannot import ${JSON.stringify(path)}: there is no such file beside ${sources.nameOf(importer)}.`,
        );
      }
      permitSource(found, "import");
      return found;
    },

    is_importing(key) {
      const path = String(key);
      const found = loads.find(path);
      if (found === "circle") {
        throw new RunnerError(
          "task_failed",
          `Cannot import ${sources.nameOf(path)}: it is importing itself. Move what both need into a file of its own.`,
        );
      }
      return found;
    },

    await_import: (path) => loads.await(String(path)),

    begin_import(key) {
      const path = String(key);
      const { source, name } = sources.read(path);
      loads.begin(path);
      return new Results([source, name]);
    },

    end_import: (path) => void loads.end(String(path)),
  };
}

function isFile(path: string): boolean {
  return existsSync(path) && !existsSync(`${path}/.`);
}
