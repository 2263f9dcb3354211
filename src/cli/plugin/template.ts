import luaIndex from "./template/lua/index.lua" with { type: "text" };
import luaReadme from "./template/lua/README.md.txt" with { type: "text" };
import luaTest from "./template/lua/test.lua" with { type: "text" };
import luaText from "./template/lua/text.lua" with { type: "text" };
import scriptGreet from "./template/script/greet.ts.txt" with { type: "text" };
import scriptIndex from "./template/script/index.ts.txt" with { type: "text" };
import scriptReadme from "./template/script/README.md.txt" with { type: "text" };
import scriptTest from "./template/script/test.lua" with { type: "text" };
import scriptConfig from "./template/script/tsconfig.json.txt" with { type: "text" };

/** Pure: the files of a first plugin in TypeScript, by name. */
export function scriptFiles(name: string): Record<string, string> {
  return named(name, {
    "index.ts": scriptIndex,
    "greet.ts": scriptGreet,
    "test.lua": scriptTest,
    "README.md": scriptReadme,
    "tsconfig.json": scriptConfig,
  });
}

/** Pure: the files of a first plugin in Lua, by name. */
export function luaFiles(name: string): Record<string, string> {
  return named(name, {
    "index.lua": luaIndex,
    "text.lua": luaText,
    "test.lua": luaTest,
    "README.md": luaReadme,
  });
}

function named(name: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([file, text]) => [file, text.replaceAll("NAME", name)]),
  );
}
