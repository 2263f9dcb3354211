import { MemoryBackend } from "../../src/backends/memory.ts";
import { backendContract } from "../contract/all.ts";

backendContract({
  name: "memory",
  open: async (now) => {
    const backend = new MemoryBackend({ now });
    return { backend, dispose: async () => backend.close() };
  },
});
