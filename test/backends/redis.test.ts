import { afterAll, beforeAll, describe } from "bun:test";
import { backendContract } from "../helpers/contract.ts";
import { HAS_REDIS, openRedis, type RedisServer, startRedis } from "../helpers/redis.ts";

let server: RedisServer;
let opened = 0;

describe.skipIf(!HAS_REDIS)("the contract on a real server", () => {
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.dispose]());

  backendContract({
    name: "redis",
    open: async (now) => {
      // Each test has a store of its own on the one server.
      const backend = openRedis(server.url, { agent: `test${++opened}`, now });
      return { backend, dispose: async () => backend.close() };
    },
  });
});
