import { backendContract } from "../contract/all.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

backendContract({
  name: "sqlite",
  open: async (now) => {
    const folder = new SqliteFolder();
    return { backend: folder.open({ now }), dispose: () => folder[Symbol.asyncDispose]() };
  },
});
