import { messageOf } from "../lib/errors.ts";
import { Results } from "../modules/module.ts";
import type { SourceLoader } from "./loader.ts";
import words from "./plugins.lua" with { type: "text" };
import type { LuaVm } from "./vm.ts";

/** Plugins as files of Lua. */
export interface LuaPlugins {
  readonly lua: readonly {
    readonly name: string;
    readonly file: string;
    /** The folders that its parts may be in, without links. */
    readonly roots: readonly string[];
  }[];
  /** Why a name is not there, by name. */
  readonly broken: ReadonlyMap<string, string>;
  readonly report: (problem: { plugin: string; file: string; reason: string }) => void;
}

/**
 * Makes plugins written in Lua known to scripts, as globals and for `require`. Each is compiled now, so that one that does
 * not parse is reported, and runs when it is first used.
 */
export function installLuaPlugins(vm: LuaVm, plugins: LuaPlugins, sources: SourceLoader): void {
  const found = new Map<string, { readonly source: string | Uint8Array; readonly name: string }>();
  const broken = new Map(plugins.broken);
  for (const { name, file, roots } of plugins.lua) {
    sources.guard(roots);
    try {
      const read = sources.read(file);
      vm.load(read.source, read.name).release();
      found.set(name, read);
    } catch (error) {
      const reason = `it does not parse: ${messageOf(error)}.`;
      broken.set(name, `${file}: ${reason}`);
      plugins.report({ plugin: name, file, reason });
    }
  }
  const names = [...broken.keys()].filter((name) => /^[A-Za-z_]\w*$/.test(name));
  if (found.size === 0 && names.length === 0) return;
  vm.installWords(words, {
    names: () => [...found.keys()].join(" "),
    broken: () => names.join(" "),
    source: (name) => {
      const { source, name: called } = found.get(String(name)) ?? { source: "", name: String(name) };
      return new Results([source, called]);
    },
    describe: (name, problem) => {
      const file = plugins.lua.find((plugin) => plugin.name === name)?.file;
      const why = problem === undefined ? broken.get(String(name)) : `${file}: ${String(problem)}`;
      return `Cannot use plugin "${String(name)}" (${String(why).replace(": ", "): ")}`;
    },
  });
}
