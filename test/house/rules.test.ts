import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, readSources } from "./sources.ts";

const code = await readSources("**/*.{ts,lua}", "src", "plugins", "scripts", "test", "examples");
const manuals = (await readSources("*.md", ".")).concat(await readSources("**/*.md", "scripts"));
const manifest: { scripts: Record<string, string> } = await Bun.file(join(ROOT, "package.json")).json();

describe("the house rules", () => {
  test("no file of src has more than 300 lines", () => {
    const long = code.filter(({ path, text }) => path.startsWith("src/") && text.split("\n").length > 301);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test("nothing is left behind to be done later", () => {
    const later = new RegExp(`\\b(${["TO", "DO|FIX", "ME|XX", "X"].join("")})\\b`);
    expect(code.filter(({ text }) => later.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("every npm command in the manuals exists", () => {
    const named = manuals.flatMap(({ text }) =>
      [...text.matchAll(/\bnpm run ([\w:]+)/g)].map((match) => match[1] ?? ""),
    );
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });

  test("every file and folder that the manuals name in code exists", () => {
    const named = manuals.flatMap(({ text }) =>
      [...text.matchAll(/(?:^|`)((?:src|scripts|test|plugins|examples)\/[\w./-]*)(?:`|\s{2,})/gm)].map(
        (match) => match[1] ?? "",
      ),
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
