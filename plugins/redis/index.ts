import { definePlugin } from "runner";
import { RedisBackend } from "./backend.ts";

/** The state backend `redis`: one store for processes on many machines. */
export default definePlugin({
  name: "redis",
  version: "1.0.0",
  api: 1,
  description: "Keeps the state on a Redis server",
  backends: {
    redis: {
      description:
        "A Redis server, 6 or newer: state.url is redis://HOST:PORT/DATABASE, or rediss:// with TLS",
      schemes: ["rediss"],
      open: (options) => new RedisBackend(options),
    },
  },
});
