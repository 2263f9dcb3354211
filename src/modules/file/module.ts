import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { chain } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import { lockFolder } from "../../lib/folder-lock.ts";
import { reasonToKeep } from "../../lib/removable.ts";
import { writeTargetOf } from "../../lib/write-target.ts";
import type { Store } from "../../state/store.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "../define.ts";
import type { ModuleHost } from "../host.ts";
import type { LuaRecord } from "../module.ts";
import type { Output, Schema, Words } from "../schema/words.ts";
import { attempt } from "../system-errors.ts";
import { readTemplate, render } from "../template/module.ts";
import { Checksums, checksumOf } from "./checksums.ts";
import { ensureAbsent, ensureDirectory, ensureFile, readIfThere, type Target } from "./ensure.ts";
import { markerIn, withBlock, withLine } from "./text.ts";

const RESULT = "{ changed: boolean, path: string, diff: string, drift: boolean }";
const STATES = ["present", "absent"] as const;
const DEFAULT_MARKER = "# {mark} runner";

const common = (z: Words) => ({
  dest: z.optional(z.string()),
  path: z.optional(z.string()),
  mode: z.optional(z.either(z.string(), z.integer(0, 7777))),
  owner: z.optional(z.either(z.string(), z.integer(0))),
  delegate_to: z.optional(z.string()),
});
type Common = { [K in keyof ReturnType<typeof common>]: Output<ReturnType<typeof common>[K]> };

/** What the module gets from a run. */
export interface FileHost extends ModuleHost {
  /** Where checksums are remembered; nowhere without it. */
  readonly store?: Store;
}

/**
 * The Lua module `file`: files as they should be. Each function changes nothing when all is as described, and says in
 * `changed` and `diff` what it did. In a dry run it only says.
 */
export function createFileModule(host: FileHost): ModuleDef {
  const checksums = new Checksums(host.store);
  /** Acts, and tells whether others have changed the file since one of these functions left it. */
  const follow = (target: Target, act: () => LuaRecord) =>
    chain(checksums.read(target.path), (known) => {
      const drift = known !== undefined && known !== checksumOf(target.path);
      const result = { ...act(), drift };
      const sum = target.dryRun ? known : checksumOf(target.path);
      return sum === known ? result : chain(checksums.write(target.path, sum), () => result);
    });
  const define = <O extends Common>(
    name: string,
    definition: {
      description: string;
      example: string;
      options: (z: Words) => Schema<O>;
      act: (options: O, target: Target) => LuaRecord;
    },
  ): FunctionDef<never> =>
    defineFunction({
      description: definition.description,
      args: (z) => ({ options: definition.options(z) }),
      returns: RESULT,
      example: definition.example,
      effect: true,
      permission: "fs",
      run: ({ options }) => {
        const target = locate(host, `file.${name}`, options);
        return attempt("change", target.name, () => follow(target, () => definition.act(options, target)));
      },
    });
  const read = (src: string, callee: string) => {
    const path = resolve(host.current().cwd, src);
    host.permits.check("fs", path, callee);
    return attempt("read", src, () => readFileSync(path));
  };

  return {
    name: "file",
    description:
      "Files as they should be: each function does nothing when nothing would change, and returns `changed`, `diff`, and `drift`: whether others have changed the file since one of these functions left it. All take `dest` (or `path`), `mode` and `owner`; what is remembered of a file goes by its path, which has to be UTF-8 therefore. In a dry run they only say what they would change.",
    functions: {
      copy: define("copy", {
        description:
          "A file with the content of another (`src`) or with a given `content`; replaced in one step.",
        options: (z) =>
          z.fields({ src: z.optional(z.string()), content: z.optional(z.bytes()), ...common(z) }),
        example:
          'assert(file.copy{ content = "a\\n", dest = "x" }.changed and not file.copy{ content = "a\\n", dest = "x" }.changed)',
        act(options, target) {
          if ((options.src === undefined) === (options.content === undefined)) {
            throw wrong(target.callee, 'expected one of the fields "src" and "content"');
          }
          return ensureFile(target, options.content ?? read(options.src ?? "", target.callee));
        },
      }),
      template: define("template", {
        description:
          "A file with the text of a template (`src`, or `text`) and its `vars`; see template.render.",
        options: (z) =>
          z.fields({
            src: z.optional(z.string()),
            text: z.optional(z.string()),
            vars: z.optional(z.record(z.any())),
            ...common(z),
          }),
        example:
          'file.template{ text = "port {{ port }}\\n", vars = { port = 80 }, dest = "x" }  assert(fs.read("x") == "port 80\\n")',
        act({ src, text, vars = {} }, target) {
          if ((src === undefined) === (text === undefined)) {
            throw wrong(target.callee, 'expected one of the fields "src" and "text"');
          }
          const source = text ?? readTemplate(host, src ?? "", target.callee);
          return ensureFile(target, render(source, vars, src ?? "the text"));
        },
      }),
      line: define("line", {
        description:
          'A file with this `line` in it, once: in the place of the first line that has `match` in it or begins with `prefix`, else at the end; several processes of runner may do so at once. `state = "absent"` removes it, and what matches; then `line` may be left out.',
        options: (z) =>
          z.fields({
            line: z.optional(z.string()),
            match: z.optional(z.string()),
            prefix: z.optional(z.string()),
            state: z.optional(z.oneOf(STATES)),
            ...common(z),
          }),
        example:
          'file.line{ path = "x", line = "port=80", prefix = "port=" }  assert(fs.read("x") == "port=80\\n")',
        act({ line, match, prefix, state }, target) {
          const present = state !== "absent";
          if (line === undefined && (present || (match === undefined && prefix === undefined))) {
            throw wrong(target.callee, 'expected the field "line"');
          }
          if (line?.includes("\n"))
            throw wrong(target.callee, 'field "line": expected one line; take file.block for more');
          return edit(target, present, (text) => withLine(text, { line, match, prefix, present }));
        },
      }),
      block: define("block", {
        description:
          'A file with these lines in it between two marker lines; `marker` is what they say, with {mark} for BEGIN and END; several processes of runner may do so at once. `state = "absent"` removes them.',
        options: (z) =>
          z.fields({
            block: z.optional(z.string()),
            marker: z.optional(z.string()),
            state: z.optional(z.oneOf(STATES)),
            ...common(z),
          }),
        example:
          'file.block{ path = "x", block = "a\\nb" }  assert(not file.block{ path = "x", block = "a\\nb" }.changed)',
        act({ block, marker = DEFAULT_MARKER, state }, target) {
          if (!marker.includes("{mark}"))
            throw wrong(target.callee, 'field "marker": expected a text with {mark} in it');
          if (block === undefined && state !== "absent")
            throw wrong(target.callee, 'expected the field "block"');
          const own = block === undefined ? undefined : markerIn(block, marker);
          if (own !== undefined)
            throw wrong(
              target.callee,
              `field "block": it has the line ${JSON.stringify(own)}, which is its own marker`,
            );
          const present = state !== "absent";
          return edit(target, present, (text) => withBlock(text, marker, present ? block : undefined));
        },
      }),
      directory: define("directory", {
        description: "A folder, with those above it.",
        options: (z) => z.fields(common(z)),
        example:
          'assert(file.directory{ path = "a/b", mode = "0750" }.changed)  assert(fs.stat("a/b").mode == "0750")',
        act: (_, target) => ensureDirectory(target),
      }),
      remove: define("remove", {
        description: "Nothing at a path: a file goes, and a folder with all that is in it.",
        options: (z) => z.fields(common(z)),
        example:
          'fs.write("x", "")  assert(file.remove{ path = "x" }.changed and not file.remove{ path = "x" }.changed)',
        act(_, target) {
          const reason = reasonToKeep(target.path, host.current().cwd);
          if (reason === undefined) return ensureAbsent(target);
          throw new RunnerError("denied", `Cannot remove ${JSON.stringify(target.name)}: ${reason}.`);
        },
      }),
    },
  };
}

function locate(host: ModuleHost, callee: string, options: Common): Target {
  const name = options.dest ?? options.path;
  if (name === undefined) throw wrong(callee, 'expected the field "dest" (or "path")');
  const agent = options.delegate_to;
  if (agent !== undefined && agent !== "local") {
    throw wrong(callee, `field "delegate_to": no agent is called ${JSON.stringify(agent)}`);
  }
  const path = resolve(host.current().cwd, name);
  host.permits.check("fs", path, callee);
  return {
    path,
    name,
    callee,
    // 644 as a number is meant as it reads.
    mode: options.mode === undefined ? undefined : String(options.mode),
    owner: options.owner === undefined ? undefined : String(options.owner),
    dryRun: host.current().dryRun ?? false,
  };
}

/**
 * Changes a text, which no other process of runner does meanwhile; where something is only to be `absent` from it,
 * there need not be a file.
 */
function edit(target: Target, present: boolean, change: (text: string) => string): LuaRecord {
  using _ = target.dryRun ? undefined : lockFolder(dirname(writeTargetOf(target.path).path));
  const there = readIfThere(target);
  if (there === undefined && !present) return { changed: false, path: target.path, diff: "" };
  const before = there ?? Buffer.alloc(0);
  if (isUtf8(before)) return ensureFile(target, change(before.toString("utf8")));
  throw new RunnerError(
    "task_failed",
    `Cannot edit ${JSON.stringify(target.name)}: it is not text in UTF-8.`,
  );
}

function wrong(callee: string, problem: string): RunnerError {
  return new RunnerError("bad_argument", `${callee}: ${problem}`);
}
