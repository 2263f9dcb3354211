import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import type { CallContext } from "../modules/context.ts";
import { type HostFunction, Results } from "../modules/module.ts";
import type { IoHost } from "./io.ts";

/** The loading of a file that has begun. */
interface Import {
  readonly by: CallContext;
  readonly ended: Promise<undefined>;
  readonly end: () => void;
}

/** What `import` needs of the host: files are loaded once, and those who come meanwhile wait. */
export function createImports({
  caller,
  current,
  permitSource,
  sources,
}: Pick<IoHost, "caller" | "current" | "permitSource" | "sources">): Record<string, HostFunction> {
  /** By path. */
  const loading = new Map<string, Import>();
  /** What each waits for. */
  const waiting = new Map<CallContext, Import>();

  /** Whether the loading waits, itself or through others, for who is asking. */
  const leadsTo = (load: Import | undefined, context: CallContext): boolean =>
    load !== undefined && (load.by === context || leadsTo(waiting.get(load.by), context));

  return {
    find_import(path) {
      const wanted = resolve(dirname(caller()), String(path));
      const found = [wanted, `${wanted}.lua`, resolve(wanted, "init.lua")].find(isFile);
      if (found === undefined) {
        throw new RunnerError(
          "not_found",
          `Cannot import ${JSON.stringify(path)}: there is no such file beside ${sources.nameOf(caller())}.`,
        );
      }
      permitSource(found, "import");
      return found;
    },

    is_importing(key) {
      const path = String(key);
      const load = loading.get(path);
      if (leadsTo(load, current())) {
        throw new RunnerError(
          "task_failed",
          `Cannot import ${sources.nameOf(path)}: it is importing itself. Move what both need into a file of its own.`,
        );
      }
      return load !== undefined;
    },

    async await_import(key) {
      const context = current();
      const load = loading.get(String(key));
      if (load === undefined) return undefined;
      waiting.set(context, load);
      await load.ended;
      waiting.delete(context);
      return undefined;
    },

    begin_import(key) {
      const path = String(key);
      const { source, name } = sources.read(path);
      const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
      loading.set(path, { by: current(), ended, end: () => end(undefined) });
      return new Results([source, name]);
    },

    end_import(key) {
      loading.get(String(key))?.end();
      loading.delete(String(key));
    },
  };
}

function isFile(path: string): boolean {
  return existsSync(path) && !existsSync(`${path}/.`);
}
