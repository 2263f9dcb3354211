import { Float } from "../lib/value.ts";
import { Arguments } from "./arguments.ts";
import type { LuaModule } from "./module.ts";

/** The Lua module `time`. Times are seconds since the epoch with a fraction. */
export function createTimeModule(): LuaModule {
  return {
    name: "time",
    functions: {
      now: () => new Float((performance.timeOrigin + performance.now()) / 1000),
      sleep: (...values) => {
        const seconds = new Arguments("time.sleep", values).number(0, "seconds");
        return new Promise((resolve) => setTimeout(() => resolve(undefined), Math.max(0, seconds * 1000)));
      },
    },
  };
}
