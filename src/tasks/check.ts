import { readFileSync } from "node:fs";
import { didYouMean } from "../lib/suggest.ts";
import { findGlobals, type GlobalUse } from "../lua/bytecode.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { isRecord } from "../modules/arguments.ts";
import type { LuaValue } from "../modules/module.ts";
import { modernize } from "./modern.ts";
import type { Session } from "./session.ts";
import type { Position } from "./task.ts";

/** Something that would go wrong when it is run. */
export interface Finding {
  readonly at: Position;
  readonly text: string;
}

/** Compiles a chunk without running it, and lists the globals that there are, with the fields of those that are tables. */
const WORDS = `
local dump, load, pairs, ipairs, pcall, type = string.dump, load, pairs, ipairs, pcall, type
local getmetatable = getmetatable
return function(source, name)
  if source then
    local chunk = load(source, name)
    return chunk and dump(chunk)
  end
  local globals, names = {}, {}
  for key in pairs(_G) do
    if type(key) == "string" then names[#names + 1] = key end
  end
  for _, key in ipairs(names) do
    local fields = {}
    -- Modules fill themselves when somebody looks into them.
    local meta = type(_G[key]) == "table" and getmetatable(_G[key])
    if type(meta) == "table" and meta.__pairs then pcall(pairs, _G[key]) end
    local value = _G[key]
    if type(value) == "table" and not getmetatable(value) then
      for field in pairs(value) do if type(field) == "string" then fields[#fields + 1] = field end end
    end
    globals[key] = fields
  end
  return globals
end`;

/** Modules whose fields are what the user gave. */
const OPEN = ["values", "_G"];

/**
 * What the files of a session use that does not exist: globals that nothing sets, and functions that a module does
 * not have. The files are compiled for this, not run again.
 */
export async function findMistakes(session: Session, sources: SourceLoader): Promise<Finding[]> {
  const { vm } = session;
  const words = vm.installWords(WORDS, {});
  const context = { cwd: session.workdir };
  const [globals] = await vm.run(words, [], context);
  const known = isRecord(globals) ? globals : {};
  const uses: { readonly file: string; readonly use: GlobalUse }[] = [];
  for (const path of sources.files) {
    const name = sources.nameOf(path);
    const [chunk] = await vm.run(words, [sourceOf(path), `@${name}`], context);
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (bytes instanceof Uint8Array) for (const use of findGlobals(bytes)) uses.push({ file: name, use });
  }
  const written = new Set(uses.filter(({ use }) => use.kind === "write").map(({ use }) => use.name));
  // Who asks whether there is such a global knows that there may be none.
  const optional = new Set(uses.filter(({ use }) => use.isAsked).map(({ use }) => use.name));
  const findings: Finding[] = [];
  for (const { file, use } of uses) {
    const { name, line, calls } = use;
    if (use.kind === "write" || written.has(name)) continue;
    const at = { source: file, line };
    const fields = known[name];
    if (fields === undefined) {
      if (optional.has(name)) continue;
      const hint = didYouMean(name, [...Object.keys(known), ...written]);
      findings.push({ at, text: `the global "${name}" is read, but nothing sets it.${hint}` });
    } else if (calls !== undefined && Array.isArray(fields) && fields.length > 0 && !OPEN.includes(name)) {
      const list: readonly LuaValue[] = fields;
      const names = list.filter(isText);
      if (!names.includes(calls)) {
        findings.push({
          at,
          text: `${name}.${calls} is called, but there is none.${didYouMean(calls, names)}`,
        });
      }
    }
  }
  return findings;
}

/** The source as it was compiled: a first line for the system is no Lua. */
function sourceOf(path: string): string {
  const text = readFileSync(path, "utf8").replace(/^\ufeff/, "");
  return modernize(text.startsWith("#") ? text.slice(Math.max(0, text.indexOf("\n"))) : text);
}

function isText(value: LuaValue): value is string {
  return typeof value === "string";
}
