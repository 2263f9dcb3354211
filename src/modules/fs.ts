import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fromBytes } from "../lib/bytes.ts";
import { RunnerError } from "../lib/errors.ts";
import { reasonToKeep } from "../lib/removable.ts";
import { DIGESTS } from "./crypto.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "./define.ts";
import { hashFile, parseMode, replaceFile, replaceSymlink, statOf } from "./files.ts";
import { globFiles } from "./glob.ts";
import type { ModuleHost } from "./host.ts";
import type { HostResult } from "./module.ts";
import {
  checkPath,
  copyPath,
  type GivenPath,
  movePath,
  namesIn,
  onPaths,
  type Path,
  pathsShownAs,
  resolvePath,
  showPath,
} from "./paths.ts";
import type { ArgsOf, Shape, Words } from "./schema/words.ts";
import { attempt, verbOf } from "./system-errors.ts";

/** Finds a path of a call: absolute, and allowed. */
type Locate = (path: GivenPath) => Path;

interface PathFunction<S extends Shape> extends Omit<FunctionDef<S>, "run" | "args" | "permission"> {
  readonly args: (words: Words) => S;
  run(args: ArgsOf<S>, locate: Locate): HostResult | Promise<HostResult>;
}

/** The Lua module `fs`: files and folders of this machine. Relative paths start from the task's folder. */
export function createFsModule({ current, permits }: ModuleHost): ModuleDef {
  /** A function whose paths are checked and whose system errors become `Cannot read "x": …` with a code. */
  const define = <S extends Shape>(name: string, definition: PathFunction<S>): FunctionDef<never> =>
    defineFunction<S>({
      ...definition,
      permission: "fs",
      run(args) {
        const [subject] = Object.values(args);
        const locate = (path: GivenPath) => {
          const absolute = resolvePath(current().cwd, path);
          checkPath(permits, absolute, `fs.${name}`);
          return absolute;
        };
        return attempt(
          verbOf(name),
          subject instanceof Uint8Array ? showPath(subject) : String(subject ?? ""),
          () => definition.run(args, locate),
        );
      },
    });

  return {
    name: "fs",
    description: "Files and folders of this machine. Relative paths start from the task's folder.",
    functions: {
      read: define("read", {
        description: "The whole content of a file.",
        args: (z) => ({ path: z.bytes() }),
        returns: "string",
        example: 'fs.write("a.txt", "one")  assert(fs.read("a.txt") == "one")',
        aliases: ["read_file"],
        effect: false,
        run: ({ path }, locate) => fromBytes(readFileSync(locate(path))),
      }),
      write: define("write", {
        description:
          'Writes a file, replacing what was there. With `atomic = true` readers see the old or the new content, never half of it; `mode` is octal text such as "0600".',
        args: (z) => ({
          path: z.bytes(),
          content: z.bytes(),
          options: z.options({ atomic: z.optional(z.boolean()), mode: z.optional(z.string()) }),
        }),
        returns: "true",
        example: 'fs.write("secret.txt", "x", { atomic = true, mode = "0600" })',
        aliases: ["write_file"],
        effect: true,
        run({ path, content, options }, locate) {
          const target = locate(path);
          const mode = options.mode === undefined ? undefined : parseMode(options.mode, "fs.write");
          if (options.atomic) replaceFile(target, content, { mode });
          else writeFileSync(target, content);
          if (mode !== undefined) chmodSync(target, mode);
          return true;
        },
      }),
      append: define("append", {
        description: "Adds to the end of a file, which is created when it is not there.",
        args: (z) => ({ path: z.bytes(), content: z.bytes() }),
        returns: "true",
        example: 'fs.append("log.txt", "line\\n")  assert(fs.read("log.txt") == "line\\n")',
        effect: true,
        run: ({ path, content }, locate) => done(appendFileSync(locate(path), content)),
      }),
      exists: define("exists", {
        description: "Whether there is a file, a folder or anything else.",
        args: (z) => ({ path: z.bytes() }),
        returns: "boolean",
        example: 'assert(not fs.exists("nothing"))',
        effect: false,
        run: ({ path }, locate) => existsSync(locate(path)),
      }),
      is_file: define("is_file", {
        description: "Whether it is a file, or a link to one.",
        args: (z) => ({ path: z.bytes() }),
        returns: "boolean",
        example: 'assert(not fs.is_file("."))',
        effect: false,
        run: ({ path }, locate) => statSync(locate(path), { throwIfNoEntry: false })?.isFile() ?? false,
      }),
      is_dir: define("is_dir", {
        description: "Whether it is a folder, or a link to one.",
        args: (z) => ({ path: z.bytes() }),
        returns: "boolean",
        example: 'assert(fs.is_dir("."))',
        effect: false,
        run: ({ path }, locate) => statSync(locate(path), { throwIfNoEntry: false })?.isDirectory() ?? false,
      }),
      stat: define("stat", {
        description:
          "What is known of a path, or nil when there is nothing: type (file, directory, link, other), size, mode as octal text, modified, and the target of a link.",
        args: (z) => ({ path: z.bytes() }),
        returns: "{ type: string, size: integer, mode: string, modified: number, target?: string }?",
        example: 'fs.write("a.txt", "one")  assert(fs.stat("a.txt").size == 3)',
        effect: false,
        run: ({ path }, locate) => statOf(locate(path)),
      }),
      mkdir: define("mkdir", {
        description: "Makes a folder and those above it; one that is there already is fine.",
        args: (z) => ({ path: z.bytes() }),
        returns: "true",
        example: 'fs.mkdir("a/b/c")  assert(fs.is_dir("a/b/c"))',
        aliases: ["mkdir_p"],
        effect: true,
        run: ({ path }, locate) => done(mkdirSync(locate(path), { recursive: true })),
      }),
      remove: define("remove", {
        description:
          "Removes a file, or a folder with all that is in it; never the folder where the script works, a home, or the root.",
        args: (z) => ({ path: z.bytes() }),
        returns: "boolean existed",
        example: 'fs.write("a.txt", "")  assert(fs.remove("a.txt") and not fs.remove("a.txt"))',
        aliases: ["rm", "delete"],
        effect: true,
        run({ path }, locate) {
          const target = locate(path);
          const reason = reasonToKeep(target.toString("latin1"), current().cwd);
          if (reason !== undefined) {
            throw new RunnerError(
              "denied",
              `Cannot remove ${JSON.stringify(showPath(path))}: ${reason}. Remove what is in it by name.`,
            );
          }
          const existed = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
          rmSync(target, { recursive: true, force: true });
          return existed;
        },
      }),
      copy: define("copy", {
        description: "Copies a file, or a folder with all that is in it; times are kept.",
        args: (z) => ({ from: z.bytes(), to: z.bytes() }),
        returns: "true",
        example: 'fs.write("a.txt", "one")  fs.copy("a.txt", "b.txt")  assert(fs.read("b.txt") == "one")',
        aliases: ["cp"],
        effect: true,
        run: ({ from, to }, locate) => done(copyPath(locate(from), locate(to))),
      }),
      move: define("move", {
        description: "Renames a file or folder, replacing a file that is there; also onto another disk.",
        args: (z) => ({ from: z.bytes(), to: z.bytes() }),
        returns: "true",
        example: 'fs.write("a.txt", "one")  fs.move("a.txt", "b.txt")  assert(not fs.exists("a.txt"))',
        aliases: ["mv", "rename"],
        effect: true,
        run: ({ from, to }, locate) => done(movePath(locate(from), locate(to))),
      }),
      symlink: define("symlink", {
        description: "Makes a link, in place of a link that was there, in one step.",
        args: (z) => ({ target: z.bytes(), path: z.bytes() }),
        returns: "true",
        example: 'fs.symlink("v2", "current")  assert(fs.stat("current").target == "v2")',
        aliases: ["link"],
        effect: true,
        run({ target, path }, locate) {
          const link = locate(path);
          // What a link leads to is as good as there.
          locate(resolvePath(onPaths([link], dirname), target));
          return done(replaceSymlink(target, link));
        },
      }),
      chmod: define("chmod", {
        description: 'Sets the mode, as octal text such as "0644".',
        args: (z) => ({ path: z.bytes(), mode: z.string() }),
        returns: "true",
        example: 'fs.write("a.txt", "")  fs.chmod("a.txt", "0600")  assert(fs.stat("a.txt").mode == "0600")',
        effect: true,
        run: ({ path, mode }, locate) => done(chmodSync(locate(path), parseMode(mode, "fs.chmod"))),
      }),
      list: define("list", {
        description: "The names in a folder, sorted.",
        args: (z) => ({ path: z.optional(z.bytes()) }),
        returns: "string[]",
        example: 'fs.write("a.txt", "")  assert(fs.list(".")[1] == "a.txt")',
        aliases: ["ls", "readdir"],
        effect: false,
        run: ({ path }, locate) => namesIn(locate(path ?? ".")),
      }),
      glob: define("glob", {
        description:
          "The files that match a pattern (`*`, `**`, `?`, `[a-z]`, `{a,b}`), sorted; hidden ones too.",
        args: (z) => ({ pattern: z.string(), options: z.options({ cwd: z.optional(z.bytes()) }) }),
        returns: "string[]",
        example: 'fs.mkdir("src")  fs.write("src/a.lua", "")  assert(#fs.glob("**/*.lua") == 1)',
        effect: false,
        run({ pattern, options }) {
          const folder = resolvePath(current().cwd, options.cwd ?? ".");
          const found = globFiles(pattern, { folder, permits, callee: "fs.glob" });
          return found.sort().flatMap((path) => pathsShownAs(path, folder));
        },
      }),
      tempdir: define("tempdir", {
        description: "Makes a folder for temporary files; removing it is up to the script.",
        args: () => ({}),
        returns: "string",
        example: "local folder = fs.tempdir()  assert(fs.is_dir(folder))  fs.remove(folder)",
        effect: true,
        run: (_, locate) => mkdtempSync(String(locate(join(tmpdir(), "runner-")))),
      }),
      hash: define("hash", {
        description: "The digest of a file's content, in hex: sha256 unless another is named.",
        args: (z) => ({ path: z.bytes(), algorithm: z.optional(z.oneOf(DIGESTS)) }),
        returns: "string",
        example: 'fs.write("a.txt", "one")  assert(fs.hash("a.txt") == crypto.sha256("one"))',
        effect: false,
        run: ({ path, algorithm }, locate) => hashFile(locate(path), algorithm ?? "sha256"),
      }),
      real: define("real", {
        description: "The absolute path, with all links followed.",
        args: (z) => ({ path: z.bytes() }),
        returns: "string",
        example: 'assert(fs.real("."):sub(1, 1) == "/")',
        effect: false,
        run: ({ path }, locate) => fromBytes(realpathSync(locate(path), { encoding: "buffer" })),
      }),
      join: pathFunction("Parts of a path, joined.", 'assert(fs.join("a", "../b") == "b")', join),
      basename: pathFunction(
        "The last part of a path.",
        'assert(fs.basename("a/b.txt") == "b.txt")',
        (path = "") => basename(path),
      ),
      dirname: pathFunction(
        "A path without its last part.",
        'assert(fs.dirname("a/b.txt") == "a")',
        (path = "") => dirname(path),
      ),
    },
  };
}

/** A function of text alone, which needs no file. */
function pathFunction(
  description: string,
  example: string,
  act: (...parts: string[]) => string,
): FunctionDef<never> {
  return defineFunction({
    description,
    example,
    args: (z) => ({ "...parts": z.bytes() }),
    returns: "string",
    effect: false,
    run: ({ parts }) => onPaths(parts, act),
  });
}

function done(_: unknown): true {
  return true;
}
