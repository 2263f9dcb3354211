// As contend.ts, but each increment is called from a loop in Lua, over the thinnest bridge that there is: a C function
// without arguments and results. It is what Lua in Bun costs such a process before any code of runner's own. The same
// arguments, and prints the same.
import { LuaFactory } from "wasmoon";
import wasm from "wasmoon/dist/glue.wasm" with { type: "file" };
import { openBare } from "./bare.ts";

const [file = "", synchronous, times, begin] = process.argv.slice(2);
const store = openBare(file, synchronous === "FULL" ? "FULL" : "NORMAL", true);
const now = () => (performance.timeOrigin + performance.now()) / 1000;

const engine = await new LuaFactory(wasm).createEngine();
const { lua, address } = engine.global;
const took: number[] = [];
const increment = () => {
  const start = now();
  store.update("counter", (value) => Number(value ?? 0) + 1);
  took.push(now() - start);
  return 0;
};
lua.lua_pushcclosure(address, lua.module.addFunction(increment, "ii"), 0);
lua.lua_setglobal(address, "increment");

Bun.sleepSync(Math.max(0, Number(begin) - now() - 0.005) * 1000);
while (now() < Number(begin));
await engine.doString(`for _ = 1, ${Number(times)} do increment() end`);
console.log([now(), ...took].join("\n"));
process.exit(0);
