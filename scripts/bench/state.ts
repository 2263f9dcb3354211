import { join } from "node:path";
import { TABLE_FIELDS } from "./floors/table.ts";
import type { Measurement, Reach } from "./harness.ts";
import { compareLoops } from "./loop.ts";
import { type Durability, floorCommand } from "./programs.ts";

interface Operation {
  /** As floors/state.ts calls it. */
  readonly operation: string;
  readonly lua: string;
  /** Lua that runs before it, after `fields`, the table, has been stored. */
  readonly setup?: string;
  readonly durability: Durability;
  readonly ops: number;
  readonly reach?: Reach;
}

const INCREMENT = 'state.increment("key")';

const OPERATIONS: readonly Operation[] = [
  { operation: "get", lua: 'state.get("key")', durability: "full", ops: 50_000, reach: { atMost: 2 } },
  { operation: "set", lua: 'state.set("key", 42)', durability: "full", ops: 500, reach: { atMost: 1.3 } },
  { operation: "set", lua: 'state.set("key", 42)', durability: "normal", ops: 5_000, reach: { atMost: 1.3 } },
  { operation: "increment", lua: INCREMENT, durability: "full", ops: 500, reach: { atMost: 1.3 } },
  { operation: "increment", lua: INCREMENT, durability: "normal", ops: 5_000, reach: { atMost: 1.3 } },
  { operation: "increment without history", lua: INCREMENT, durability: "normal", ops: 5_000 },
  {
    operation: "set table",
    lua: 'state.set("table", fields)',
    durability: "normal",
    ops: 3_000,
    reach: { atMost: 2 },
  },
  {
    operation: "get table",
    lua: 'state.get("table")',
    durability: "full",
    ops: 20_000,
    reach: { atMost: 2 },
  },
  {
    operation: "get table of 100",
    setup: `local at, tables = 0, {}
for i = 0, 99 do
  fields.field_11 = i
  state.set("table " .. i, fields)
  tables[i] = "table " .. i
end`,
    lua: "at = (at + 1) % 100 state.get(tables[at])",
    durability: "full",
    ops: 20_000,
    reach: { atMost: 2 },
  },
];

/** `state` from Lua against the bare prepared statements in bun:sqlite. */
export const STATE: readonly Measurement[] = OPERATIONS.map(toMeasurement);

function toMeasurement({ operation, lua, setup = "", durability, ops, reach }: Operation): Measurement {
  const name = `state ${operation} (${durability})`;
  const synchronous = durability.toUpperCase();
  return {
    name,
    async run(lab) {
      const samples = await compareLoops(lab, {
        name,
        ours: {
          setup: `local fields = ${toLuaTable()}\nstate.set("key", 42)\nstate.set("table", fields)\n${setup}`,
          operation: lua,
          perSecond: 1e6,
        },
        ops,
        rounds: 5,
        durability,
        floor: (folder) => floorCommand("state", operation, synchronous, join(folder, "bare.db")),
      });
      return [{ name, unit: "µs", ratio: "cost", ...(reach && { reach }), ...samples }];
    },
  };
}

function toLuaTable(): string {
  const fields = Object.entries(TABLE_FIELDS).map(([name, value]) => {
    return `${name} = ${Array.isArray(value) ? `{ ${value.join(", ")} }` : JSON.stringify(value)}`;
  });
  return `{ ${fields.join(", ")} }`;
}
