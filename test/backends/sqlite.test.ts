import { DEFAULT_RETENTION } from "../../src/backends/retention.ts";
import { backendContract } from "../helpers/contract.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

backendContract({
  name: "sqlite",
  open: async (now) => {
    const folder = new SqliteFolder();
    return {
      backend: folder.open({ now, retention: DEFAULT_RETENTION }),
      dispose: () => folder[Symbol.asyncDispose](),
    };
  },
});
