/**
 * Node's modules, loaded when they are first used: together they cost `state get` a third of its time, which needs
 * none of them when all goes well. What always needs them imports them as usual.
 */
export const node = {
  get fs(): typeof import("node:fs") {
    return recall("fs", () => require("node:fs"));
  },
  get path(): typeof import("node:path") {
    return recall("path", () => require("node:path"));
  },
  get buffer(): typeof import("node:buffer") {
    return recall("buffer", () => require("node:buffer"));
  },
  get os(): typeof import("node:os") {
    return recall("os", () => require("node:os"));
  },
};

const loaded = new Map<string, unknown>();

/** To ask again for a module that is loaded takes microseconds all the same, which each line of output would pay. */
function recall<Module>(name: string, load: () => Module): Module {
  if (!loaded.has(name)) loaded.set(name, load());
  // Kept by the name of what `load` gives.
  return loaded.get(name) as Module;
}
