import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";

const FOLDER = join(import.meta.dir, "scripts");
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith(".lua") && name !== "harness.lua");

/** Tells a script what it asked for. */
const server = Bun.serve({
  port: 0,
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/cookies") {
      const cookies = ["a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT", "b=2"];
      return new Response("", { headers: cookies.map((cookie) => ["set-cookie", cookie]) });
    }
    if (pathname !== "/echo") return new Response("no", { status: 404 });
    return Response.json({
      method: request.method,
      query: Object.fromEntries(searchParams),
      type: request.headers.get("content-type"),
      test: request.headers.get("x-test"),
      body: await request.text(),
    });
  },
});
afterAll(() => server.stop(true));

const ENVIRONMENT = { TEST_SERVER: server.url.origin, MY_TOKEN: "sesame99", EMPTY: "" };
const VALUES = ["--set", "version=v1", "--set", "flag=false", "--set", "nested.name=n"];

test.each(scripts)(
  "every test of %s passes in the binary",
  async (name) => {
    using sandbox = createSandbox();
    const source = readFileSync(join(FOLDER, name), "utf8");
    sandbox.write("harness.lua", readFileSync(join(FOLDER, "harness.lua"), "utf8"));
    sandbox.write(name, source);
    const { stdout, stderr, exitCode } = await sandbox.run(["run", name, ...VALUES], { env: ENVIRONMENT });
    const lines = stdout.split("\n").filter((line) => line !== "");
    // What is to be logged stands beside the call.
    const logged = [...source.matchAll(/--> (.*)\n/g)].map((match) => `${match[1]}\n`).join("");
    expect({ failed: lines.filter((line) => !line.startsWith("ok ")), stderr, exitCode }).toEqual({
      failed: [],
      stderr: logged,
      exitCode: 0,
    });
    // A script that ends early must not pass for one whose tests all did.
    expect(lines.length).toBe(source.match(/^test\(/gm)?.length ?? 0);
  },
  30_000,
);
