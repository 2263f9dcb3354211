import { nearest } from "../lib/suggest.ts";

/**
 * The function of a module that was most likely meant by a call of one that there is not, as `fs.read` by `fs.raed(path)`;
 * undefined when it was none of that.
 *
 * @param reason what Lua said.
 * @param line the source line that it said it of.
 */
export function meantFunction(reason: string, line: string): string | undefined {
  const [, name] = /attempt to call a nil value \(field '(\w+)'\)/.exec(reason) ?? [];
  if (name === undefined) return undefined;
  const [, owner] = new RegExp(`(\\w+)\\s*[.]\\s*${name}\\b`).exec(line) ?? [];
  // Loaded here alone: hardly any run needs the reference.
  const {
    listModules,
  }: typeof import("../modules/reference/all.ts") = require("../modules/reference/all.ts");
  const module = listModules().find((candidate) => candidate.name === owner);
  const meant = module && nearest(name, Object.keys(module.functions));
  return meant && `${owner}.${meant}`;
}
