import { LuaVm } from "../../src/lua/vm.ts";
import { compileLua } from "../../src/lua/wasm.ts";
import { type HostFunction, type LuaValue, Results } from "../../src/modules/module.ts";

const compiled = compileLua();

/** A VM with a module `t` of the given functions; `t.echo` gives back its arguments. */
export async function openVm(
  functions: Record<string, HostFunction> = {},
  memoryLimit = 2 ** 28,
): Promise<LuaVm> {
  const host: Record<string, HostFunction> = {
    read_chunk: () => new Results([undefined, "no files here"]),
    exists: () => false,
    write: () => undefined,
    is_requiring: () => false,
    begin_require: () => undefined,
    end_require: () => undefined,
  };
  const vm = await LuaVm.open({
    compiled: await compiled,
    memoryLimit,
    host: { name: "host", functions: host },
  });
  vm.register({ name: "t", functions: { echo: (...values) => new Results(values), ...functions } });
  return vm;
}

/** Runs a chunk called `test.lua` and gives its results. */
export function evaluate(vm: LuaVm, source: string, ...args: LuaValue[]): Promise<LuaValue[]> {
  return vm.run(vm.load(source, "test.lua"), args, undefined);
}
