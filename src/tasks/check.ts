import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { didYouMean } from "../lib/suggest.ts";
import type { Origin } from "../lua/aliases.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { findUses, type Load, type Uses } from "../lua/uses.ts";
import { isRecord } from "../modules/arguments.ts";
import type { LuaRecord, LuaValue } from "../modules/module.ts";
import type { Session } from "./session.ts";
import type { Position } from "./task.ts";

/** Something that would go wrong when it is run. */
export interface Finding {
  readonly at: Position;
  readonly text: string;
}

/**
 * Compiles a chunk without running it, and lists the globals and the modules that there are, with the fields of those
 * that are tables.
 */
const WORDS = `
local dump, load, pairs, ipairs, pcall, type = string.dump, load, pairs, ipairs, pcall, type
local getmetatable, loaded = getmetatable, package.loaded

local function fields_of(tables)
  local found, names = {}, {}
  for key in pairs(tables) do
    if type(key) == "string" then names[#names + 1] = key end
  end
  for _, key in ipairs(names) do
    local fields = {}
    -- Modules fill themselves when somebody looks into them.
    local meta = type(tables[key]) == "table" and getmetatable(tables[key])
    if type(meta) == "table" and meta.__pairs then pcall(pairs, tables[key]) end
    local value = tables[key]
    if type(value) == "table" and not getmetatable(value) then
      for field in pairs(value) do if type(field) == "string" then fields[#fields + 1] = field end end
    end
    found[key] = fields
  end
  return found
end

return function(source, name)
  if source then
    local chunk, problem = load(source, name)
    return chunk and dump(chunk), problem
  end
  return fields_of(_G), fields_of(loaded)
end`;

/** Modules whose fields are what the user gave. */
const OPEN = ["values"];

/** A file that a run may load, and what it uses. */
interface Checked {
  readonly name: string;
  readonly uses: Uses;
}

/**
 * What the files of a session use that does not exist: globals that nothing sets, and functions that a module does
 * not have, also where a local variable stands for the module. The files are compiled for this, not run again, with
 * those that they would load only in a task.
 */
export async function findMistakes(session: Session, sources: SourceLoader): Promise<Finding[]> {
  const { vm } = session;
  const words = vm.installWords(WORDS, {});
  const context = { cwd: session.workdir };
  const [ofGlobals, ofModules] = await vm.run(words, [], context);
  const globals = recordOf(ofGlobals);
  const modules = recordOf(ofModules);
  const findings: Finding[] = [];
  const files: Checked[] = [];
  const paths = new Set(sources.files);
  // A Set hands out what is added while it is walked.
  for (const path of paths) {
    const { source, name } = sources.read(path);
    const [chunk, problem] = await vm.run(words, [source, `@${name}`], context);
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (!(bytes instanceof Uint8Array)) {
      findings.push(syntaxError(name, String(problem)));
      continue;
    }
    const uses = findUses(bytes);
    files.push({ name, uses });
    for (const load of uses.loads) {
      const found = fileOf(load, path, session.file);
      if (found !== undefined && !Object.hasOwn(modules, load.name)) paths.add(found);
    }
  }
  const uses = files.flatMap(({ uses: { globals: all } }) => all);
  const written = new Set(uses.filter(({ kind }) => kind === "write").map(({ name }) => name));
  // Who asks whether there is such a global knows that there may be none.
  const optional = new Set(uses.filter(({ isAsked }) => isAsked).map(({ name }) => name));
  const added = new Set(files.flatMap((file) => [...file.uses.fields]));
  const fieldsOf = (of: Origin): { name: string; fields: readonly string[] } => {
    const name = "global" in of ? of.global : of.required;
    if ("global" in of && name === "_G")
      return { name, fields: [...Object.keys(globals), ...written, ...optional] };
    const isKnown = !OPEN.includes(name) && !("global" in of && written.has(name));
    const found = isKnown ? ("global" in of ? globals : modules)[name] : [];
    const fields: readonly LuaValue[] = Array.isArray(found) ? found : [];
    return { name, fields: fields.filter(isText) };
  };
  for (const { name: source, uses: used } of files) {
    for (const { name, line, kind } of used.globals) {
      if (kind === "write" || written.has(name) || optional.has(name) || Object.hasOwn(globals, name))
        continue;
      const hint = didYouMean(name, [...Object.keys(globals), ...written]);
      const text = `the global "${name}" is read, but nothing sets it.${hint}`;
      findings.push({ at: { source, line }, text });
    }
    for (const { of, field, line } of used.calls) {
      const { name, fields } = fieldsOf(of);
      if (fields.length === 0 || fields.includes(field) || added.has(field)) continue;
      const text = `${name}.${field} is called, but there is none.${didYouMean(field, fields)}`;
      findings.push({ at: { source, line }, text });
    }
  }
  const order = files.map(({ name }) => name);
  return findings.toSorted(
    ({ at: a }, { at: b }) => order.indexOf(a.source) - order.indexOf(b.source) || a.line - b.line,
  );
}

/** What Lua says of a file that it cannot read: it begins with the place. */
function syntaxError(source: string, problem: string): Finding {
  const [, line, text] = /:(\d+): (.*)$/s.exec(problem) ?? [];
  return { at: { source, line: Number(line ?? 0) }, text: text ?? problem };
}

function recordOf(value: LuaValue): LuaRecord {
  return isRecord(value) ? value : {};
}

function isText(value: LuaValue): value is string {
  return typeof value === "string";
}

/** The file that is loaded by a name that stands in a file; undefined when there is none. */
function fileOf({ callee, name }: Load, from: string, taskFile: string): string | undefined {
  const folder = dirname(taskFile);
  const module = name.replaceAll(".", "/");
  const places: Readonly<Record<string, readonly string[]>> = {
    require: [`${module}.lua`, `${module}/init.lua`].map((path) => resolve(folder, path)),
    import: ["", ".lua", "/init.lua"].map((ending) => resolve(dirname(from), `${name}${ending}`)),
    dofile: [resolve(folder, name)],
    loadfile: [resolve(folder, name)],
  };
  const candidates = Object.hasOwn(places, callee) ? places[callee] : undefined;
  return candidates?.find((path) => existsSync(path) && statSync(path).isFile());
}
