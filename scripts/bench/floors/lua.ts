// What an expert writes to run a Lua file: start wasmoon, run it, with its default print. Argument: the file.
import { readFileSync } from "node:fs";
import { LuaFactory } from "wasmoon";
import wasm from "wasmoon/dist/glue.wasm" with { type: "file" };

const engine = await new LuaFactory(wasm).createEngine();
await engine.doString(readFileSync(process.argv[2] ?? "", "utf8"));
process.exit(0);
