import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { messageOf, RunnerError, systemReason } from "../lib/errors.ts";
import { checkOwnership } from "../lib/ownership.ts";
import { hasCode } from "../lib/stdio.ts";
import { wrongArgument } from "../modules/arguments.ts";
import type { LuaModule, LuaValue } from "../modules/module.ts";
import { Results } from "../modules/module.ts";
import { refuseNul } from "../modules/paths.ts";
import type { Definition } from "./traceback.ts";

/** Reads Lua source files for one run and remembers them, so that an error can show its line. */
export class SourceLoader {
  private readonly texts = new Map<string, string>();
  private readonly split = new Map<string, readonly string[]>();
  private readonly paths = new Set<string>();
  private readonly guarded = new Set<string>();

  constructor(
    /** Folder that `require`, `dofile` and `loadfile` start from; absolute. */
    private readonly folder: string,
    /** Folder that names in messages are relative to; absolute. */
    private readonly viewpoint: string,
    /** What a source is read as; keeps the lines. */
    private readonly rewrite: (source: string) => string,
  ) {}

  /** From now on, files of these folders are read only while nobody else may change them; the folders have no links. */
  guard(folders: readonly string[]): void {
    for (const folder of folders) this.guarded.add(folder);
  }

  /** How messages call a file. */
  nameOf(path: string): string {
    const shown = relative(this.viewpoint, path);
    return shown.startsWith("..") ? path : shown;
  }

  /**
   * A file's source. A first line that starts with `#` (for the system's `#!`) is blanked, so that line numbers stay.
   * Raises `not_found` or `invalid` when it cannot be read.
   */
  read(path: string): { source: string | Uint8Array; name: string } {
    const name = this.nameOf(path);
    const bytes = readSource(path, name);
    const real = this.guarded.size === 0 ? path : realpathSync(path);
    if ([...this.guarded].some((folder) => real.startsWith(`${folder}${sep}`))) {
      checkOwnership(real, "read");
      checkOwnership(dirname(real), "read from");
    }
    const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    const end = bytes[start] === HASH ? bytes.indexOf(NEWLINE, start) : start;
    const source = bytes.subarray(end < 0 ? bytes.length : end);
    const text = source.toString("utf8");
    this.texts.set(name, text);
    this.split.delete(name);
    this.paths.add(path);
    // Bytes that are no UTF-8 stay as they are.
    const rewritten = text.includes("\ufffd") ? text : this.rewrite(text);
    return { source: rewritten === text ? source : rewritten, name };
  }

  /** The files that have been read; absolute. */
  get files(): readonly string[] {
    return [...this.paths];
  }

  /** The text of a file that was read, by its name; nothing of others. */
  textOf(name: string): string {
    return this.texts.get(name) ?? "";
  }

  /** A line of a file that was read, without its indentation; undefined when there is none. */
  line(name: string, number: number): string | undefined {
    return this.lines(name)[number - 1]?.trim();
  }

  /** The lines that a function stands on; nothing of one that stands in no file. */
  textAt({ source, line, lastLine }: Definition): string {
    return this.lines(source)
      .slice(line - 1, lastLine)
      .join("\n");
  }

  private lines(name: string): readonly string[] {
    let lines = this.split.get(name);
    if (lines === undefined) {
      lines = this.textOf(name).split("\n");
      this.split.set(name, lines);
    }
    return lines;
  }

  /** What the prelude needs to load files; `permit` raises for those that must not be. */
  functions(permit: (path: string, callee: string) => void): LuaModule["functions"] {
    return {
      exists: (path) => {
        // Only text can be the name of a file of Lua's; other searchers may know what it means.
        if (typeof path !== "string") return false;
        const absolute = resolve(this.folder, path);
        permit(absolute, "require");
        return existsSync(absolute);
      },
      read_chunk: (path, callee) => {
        const absolute = resolve(this.folder, sourcePath(path, String(callee)));
        permit(absolute, String(callee));
        try {
          const { source, name } = this.read(absolute);
          return new Results([source, `@${name}`]);
        } catch (error) {
          return new Results([undefined, messageOf(error)]);
        }
      },
    };
  }
}

/** The path of a Lua file as a script names it. Raises `bad_argument` for what is none. */
export function sourcePath(given: LuaValue, callee: string): string {
  if (typeof given !== "string") throw wrongArgument(callee, { index: 0, name: "path" }, "a string", given);
  refuseNul("load", given);
  return given;
}

const HASH = 0x23;
const NEWLINE = 0x0a;

function readSource(path: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) {
      throw new RunnerError("not_found", `Cannot read "${name}": there is no such file.`, { cause: error });
    }
    if (hasCode(error, "EISDIR")) {
      throw new RunnerError("invalid", `Cannot read "${name}": it is a folder. Name a Lua file in it.`, {
        cause: error,
      });
    }
    throw new RunnerError("invalid", `Cannot read "${name}": ${systemReason(error)}.`, { cause: error });
  }
}
