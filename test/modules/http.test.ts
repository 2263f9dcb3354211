import { afterAll, describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

let busyAnswers = 0;
const server = Bun.serve({
  port: 0,
  async fetch(request) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/echo":
        return Response.json({
          method: request.method,
          query: Object.fromEntries(url.searchParams),
          type: request.headers.get("content-type"),
          custom: request.headers.get("x-custom"),
          body: await request.text(),
        });
      case "/moved":
        return new Response(null, { status: 302, headers: { location: "/echo" } });
      case "/elsewhere":
        return new Response(null, { status: 302, headers: { location: "http://127.0.0.9:1/" } });
      case "/busy":
        busyAnswers++;
        return busyAnswers % 3 === 0 ? new Response("at last") : new Response("later", { status: 503 });
      case "/slow":
        return new Promise<Response>(() => undefined);
      case "/bytes":
        return new Response(new Uint8Array([0, 255, 10]));
      default:
        return new Response("no", { status: 404 });
    }
  },
});
afterAll(() => server.stop(true));

/** What a script prints that has the server's address as `base`. */
async function run(source: string, args: readonly string[] = []): Promise<string> {
  using sandbox = createSandbox();
  const { stdout, stderr } = await sandbox.runLua(
    `local base = "http://127.0.0.1:${server.port}"\n${source}`,
    args,
  );
  expect(stderr).toBe("");
  return stdout;
}

describe("http in Lua", () => {
  test("sends query, headers and JSON, and reads JSON back", async () => {
    const source = `local r = http.post(base .. "/echo", { json = { a = { 1 } }, query = { q = "ü&" }, headers = { ["X-Custom"] = 5 } })
      print(r.status, r.ok, r.json.method, r.json.query.q, r.json.type, r.json.custom, r.json.body)`;
    expect(await run(source)).toBe('200\ttrue\tPOST\tü&\tapplication/json\t5\t{"a":[1]}\n');
  });

  test("sends forms and texts", async () => {
    const source = `print(http.put(base .. "/echo", { form = { a = "b c" } }).json.body)
      print(http.request({ method = "delete", url = base .. "/echo", body = "raw" }).json.method)`;
    expect(await run(source)).toBe("a=b+c\nDELETE\n");
  });

  test("gives any status as a result, or an error with check", async () => {
    const source = `print(http.get(base .. "/none").status, http.get(base .. "/none").ok)
      local ok, err = pcall(http.get, base .. "/none", { check = true }) print(ok, err.code)`;
    expect(await run(source)).toBe("404\tfalse\nfalse\ttask_failed\n");
  });

  test("follows redirections, unless told not to", async () => {
    const source = `print(http.get(base .. "/moved").json.method, http.get(base .. "/moved", { follow = false }).status)`;
    expect(await run(source)).toBe("GET\t302\n");
  });

  test("does not follow a redirection to a host that a sandbox does not allow", async () => {
    const source = `local ok, err = pcall(http.get, base .. "/elsewhere", { retries = 2 }) print(err.code)`;
    expect(await run(source, ["--sandbox", "--allow", "net=127.0.0.1"])).toBe("denied\n");
  });

  test("tries again when it is asked to and the server is busy", async () => {
    busyAnswers = 0;
    expect(await run(`print(http.get(base .. "/busy", { retries = 3 }).body)`)).toBe("at last\n");
    expect(busyAnswers).toBe(3);
    busyAnswers = 0;
    expect(await run(`print(http.post(base .. "/busy", { retries = 3 }).status)`)).toBe("503\n");
  });

  test("ends after its timeout", async () => {
    const source = `local ok, err = pcall(http.get, base .. "/slow", { timeout = "100ms" }) print(err.code)`;
    expect(await run(source)).toBe("timeout\n");
  });

  test("keeps bytes, in memory and in a file", async () => {
    const source = `print(http.get(base .. "/bytes").body == "\\0\\255\\n")
      http.get(base .. "/bytes", { save_as = "got" }) print(fs.read("got") == "\\0\\255\\n", #fs.list("."))`;
    expect(await run(source)).toBe("true\ntrue\t2\n");
  });
});
