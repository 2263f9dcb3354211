/**
 * Node's modules, loaded when they are first used: together they cost `state get` a third of its time, which needs
 * none of them when all goes well. What always needs them imports them as usual.
 */
export const node = {
  get fs(): typeof import("node:fs") {
    return require("node:fs");
  },
  get path(): typeof import("node:path") {
    return require("node:path");
  },
  get buffer(): typeof import("node:buffer") {
    return require("node:buffer");
  },
  get os(): typeof import("node:os") {
    return require("node:os");
  },
};
