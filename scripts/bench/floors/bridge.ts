// Calls from Lua to a function of the host that gives its argument back, over one of two bridges. Arguments: `ours` or
// `wasmoon`, what crosses, how many calls make a round, how many rounds. Prints each round's µs per call; the round
// before them warms up.
import { LuaFactory } from "wasmoon";
import wasm from "wasmoon/dist/glue.wasm" with { type: "file" };
import { LuaVm } from "../../../src/lua/vm.ts";
import { compileLua } from "../../../src/lua/wasm.ts";

const [bridge, what = "", ops, rounds] = process.argv.slice(2);

const same = (value: unknown) => value;
/** Lua of one call; with wasmoon, a promise is a value that has to be awaited. */
const CALLS: Readonly<Record<string, { lua: string; host: (value: unknown) => unknown }>> = {
  number: { lua: "host_call(i)", host: same },
  string: { lua: "host_call(text)", host: same },
  table: { lua: "host_call(fields)", host: same },
  promise: {
    lua: bridge === "ours" ? "host_call(i)" : "host_call(i):await()",
    host: (value) => Promise.resolve(value),
  },
};
const call = CALLS[what];
if (call === undefined) throw new Error(`unknown "${what}"`);

const source = `local text, fields = "a string of some length", { name = "web", port = 8080, tags = { "a", "b" } }
for i = 1, ${Number(ops)} do ${call.lua} end`;
const run = bridge === "ours" ? await openOurs(call.host) : await openWasmoon(call.host);

for (let round = 0; round <= Number(rounds); round++) {
  const begin = Bun.nanoseconds();
  await run();
  const each = (Bun.nanoseconds() - begin) / 1e3 / Number(ops);
  if (round > 0) console.log(each);
}
process.exit(0);

async function openOurs(host: (value: unknown) => unknown): Promise<() => Promise<unknown>> {
  const functions = { write: () => undefined, source: () => undefined };
  const vm = await LuaVm.open({
    compiled: await compileLua(),
    memoryLimit: 2 ** 30,
    host: { name: "host", functions },
  });
  // What crosses comes back as it was.
  vm.registerGlobals({ name: "host", functions: { host_call: host as never } });
  const chunk = vm.load(source, "bench");
  return () => vm.run(chunk, [], {});
}

async function openWasmoon(host: (value: unknown) => unknown): Promise<() => Promise<unknown>> {
  const engine = await new LuaFactory(wasm).createEngine();
  engine.global.set("host_call", host);
  return () => engine.doString(source);
}
