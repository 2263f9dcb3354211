import { MODULE_NAMES } from "../modules/all.ts";

/** Globals of Lua and words of task files. */
const WORDS =
  "_G _VERSION assert collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile math next os package " +
  "pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring type utf8 " +
  "warn xpcall state State async cmd import task workflow TaskDefinitions HOSTNAME " +
  "and break do else elseif end false for function goto if in local nil not or repeat return then true until while";

/** Names that a plugin's module cannot have: what scripts see under them is there already, or no name. */
export const RESERVED_MODULES: ReadonlySet<string> = new Set([...MODULE_NAMES, ...WORDS.split(" ")]);
