import { MemoryBackend } from "../../src/backends/memory.ts";
import { DEFAULT_RETENTION } from "../../src/backends/retention.ts";
import { backendContract } from "../helpers/contract.ts";

backendContract({
  name: "memory",
  open: async (now) => {
    const backend = new MemoryBackend({ now, retention: DEFAULT_RETENTION });
    return { backend, dispose: async () => backend.close() };
  },
});
