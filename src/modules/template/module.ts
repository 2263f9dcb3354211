import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { RunnerError } from "../../lib/errors.ts";
import { defineFunction, type ModuleDef } from "../define.ts";
import type { ModuleHost } from "../host.ts";
import type { LuaRecord } from "../module.ts";
import { attempt } from "../system-errors.ts";

/** The Lua module `template`. */
export function createTemplateModule(host: ModuleHost): ModuleDef {
  return {
    name: "template",
    description: "Texts with places to fill in, in the Liquid language.",
    effect: false,
    functions: {
      render: defineFunction({
        description:
          "The text of a template, given as `text` or as a file by `src`, with its variables: `{{ name }}`, `{{ a.b }}`, filters (`{{ name | upcase }}`), `{% if %}`, `{% for %}`. Templates cannot include others. A name that is not among `vars` is an error, but in a condition and before the filter `default`.",
        args: (z) => ({
          options: z.fields({
            text: z.optional(z.string()),
            src: z.optional(z.string()),
            vars: z.optional(z.record(z.any())),
          }),
        }),
        returns: "string",
        example:
          'assert(template.render{ text = "{% for x in list %}{{ x }};{% endfor %}", vars = { list = { 1, 2 } } } == "1;2;")',
        run: ({ options }) => {
          if ((options.text === undefined) === (options.src === undefined)) {
            throw new RunnerError(
              "bad_argument",
              'template.render: argument 1 (options): expected one of the fields "text" and "src"',
            );
          }
          const text = options.text ?? readTemplate(host, options.src ?? "", "template.render");
          return render(text, options.vars ?? {}, options.src ?? "the text");
        },
      }),
    },
  };
}

/** The source of a template file. Raises `not_found` when there is none. */
export function readTemplate({ current, permits }: ModuleHost, src: string, callee: string): string {
  const path = resolve(current().cwd, src);
  permits.check("fs", path, callee);
  return attempt("read", src, () => readFileSync(path, "utf8"));
}

/** Renders a template; its library is loaded with the first one. */
export function render(text: string, vars: LuaRecord, name: string): string {
  const { renderTemplate }: typeof import("./liquid.ts") = require("./liquid.ts");
  return renderTemplate(text, vars, name);
}
