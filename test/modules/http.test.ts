import { afterAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";
import { createFolder } from "../helpers/folder.ts";
import { startOnTerminal } from "../helpers/terminal.ts";

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
      case "/to":
        return new Response(null, {
          status: 302,
          headers: { location: url.searchParams.get("place") ?? "" },
        });
      case "/overloaded":
        busyAnswers++;
        return new Response("later", { status: 503 });
      case "/busy":
        busyAnswers++;
        return busyAnswers % 3 === 0 ? new Response("at last") : new Response("later", { status: 503 });
      case "/slow":
        return new Promise<Response>(() => undefined);
      case "/large":
        return new Response("x".repeat(300_000));
      case "/drip":
        // Never ends, and says so much every 10 ms.
        return new Response(
          new ReadableStream({
            async pull(controller) {
              await Bun.sleep(10);
              controller.enqueue(new Uint8Array(1000));
            },
          }),
        );
      case "/bytes":
        return new Response(new Uint8Array([0, 255, 10]));
      default:
        return new Response("no", { status: 404 });
    }
  },
});
afterAll(() => server.stop(true));

/** A proxy that answers by itself and remembers what it was asked. */
const asked: string[] = [];
const proxy = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.end("by the proxy");
});
proxy.on("connect", (request, socket) => {
  asked.push(`CONNECT ${request.url}`);
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});
proxy.listen(0, "127.0.0.1");
await once(proxy, "listening");
const { port: proxyPort } = proxy.address() as AddressInfo;
afterAll(() => void proxy.close());

/** A server that sends half of what it promised, and the rest when the test says so. */
const finish = Promise.withResolvers<void>();
const slow = createServer((_, response) => {
  response.writeHead(200, { "content-length": 100_000 });
  response.write("x".repeat(50_000));
  void finish.promise.then(() => response.end("x".repeat(50_000)));
});
slow.listen(0, "127.0.0.1");
await once(slow, "listening");
const { port: slowPort } = slow.address() as AddressInfo;
afterAll(() => void slow.close());

/** What a script prints that has the server's address as `base`. */
async function run(
  source: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  using sandbox = createSandbox();
  const { stdout, stderr } = await sandbox.runLua(
    `local base = "http://127.0.0.1:${server.port}"\n${source}`,
    args,
    { env },
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

  test("follows a redirection to nothing but http: and https:", async () => {
    using sandbox = createSandbox();
    const secret = `file://${sandbox.write("secret", "s")}`;
    const places = [
      secret,
      secret.replace("//", ""),
      secret.toUpperCase(),
      "data:,s",
      "s3://bucket/s",
      "http://",
    ];
    const source = `for _, place in ipairs{ ${places.map((place) => JSON.stringify(place)).join(", ")} } do
        local ok, err = pcall(http.get, "http://127.0.0.1:${server.port}/to", { query = { place = place }, retries = 3 })
        print(not ok and err.code, err)
      end`;
    for (const args of [[], ["--sandbox", "--allow", "net"]]) {
      const { stdout } = await sandbox.runLua(source, args);
      expect(stdout.trimEnd().split("\n")).toEqual(
        places.map(
          (place) =>
            `unavailable\tCannot GET "http://127.0.0.1:${server.port}/to": it redirects to "${place}", which is not at http:// or https://.`,
        ),
      );
    }
  });

  test("sends once what it is not asked to send again, also on a connection that was used before", async () => {
    let requests = 0;
    const closing = createTcpServer((socket) => {
      let before = 0;
      socket.on("error", () => undefined);
      socket.on("data", () => {
        requests++;
        if (before++ === 0 && requests === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        else socket.end();
      });
    });
    closing.listen(0, "127.0.0.1");
    await once(closing, "listening");
    const { port } = closing.address() as AddressInfo;
    const source = `local url = "http://127.0.0.1:${port}/"
      print(http.get(url).body)
      print(pcall(http.put, url, { body = "x" }))`;
    expect(await run(source)).toBe(
      `ok\nfalse\tCannot PUT "http://127.0.0.1:${port}/": the connection was closed before the answer was whole.\n`,
    );
    expect(requests).toBe(2);
    closing.close();
  });

  test("says what is wrong with an answer in words of its own", async () => {
    let answer = "";
    const odd = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => socket.end(answer));
    });
    odd.listen(0, "127.0.0.1");
    await once(odd, "listening");
    const { port } = odd.address() as AddressInfo;
    for (const [given, reason] of [
      ["SSH-2.0-OpenSSH\r\n", "what it answered is not HTTP"],
      ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabcd", "what it answered is not HTTP"],
      ["HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\nabcd", "what it answered is not HTTP"],
    ] as const) {
      answer = given;
      expect(await run(`print(select(2, pcall(http.get, "http://127.0.0.1:${port}/")))`)).toBe(
        `Cannot GET "http://127.0.0.1:${port}/": ${reason}.\n`,
      );
    }
    odd.close();
  });

  test("tries again when it is asked to and the server is busy", async () => {
    busyAnswers = 0;
    expect(await run(`print(http.get(base .. "/busy", { retries = 3 }).body)`)).toBe("at last\n");
    expect(busyAnswers).toBe(3);
    busyAnswers = 0;
    expect(await run(`print(http.post(base .. "/busy", { retries = 3 }).status)`)).toBe("503\n");
  });

  test("ends after its timeout, however often it has tried", async () => {
    busyAnswers = 0;
    const source = `local ok, err = pcall(http.get, base .. "/overloaded", { timeout = "600ms", retries = 20 }) print(err.code)`;
    expect(await run(source)).toBe("timeout\n");
    expect(busyAnswers).toBeLessThan(5);
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

  test("goes by the proxies of the environment, but to hosts of NO_PROXY", async () => {
    const address = `http://127.0.0.1:${proxyPort}`;
    const env = { HTTP_PROXY: address, HTTPS_PROXY: address, NO_PROXY: "127.0.0.1" };
    const source = `print(http.get("http://somewhere.test/a").body)
      print(pcall(http.get, "https://somewhere.test/b"))
      print(http.get(base .. "/moved").json.method)`;
    const [first, second, third] = (await run(source, [], env)).split("\n");
    expect([first, third]).toEqual(["by the proxy", "GET"]);
    expect(second).toStartWith('false\tCannot GET "https://somewhere.test/b": Proxy refused');
    expect(asked).toEqual(["GET http://somewhere.test/a", "CONNECT somewhere.test:443"]);
  });

  test.if(Bun.which("openssl") !== null)("takes no certificate that nobody vouches for", async () => {
    using folder = createFolder();
    const [key, cert] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
    const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    Bun.spawnSync([
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      key,
      "-out",
      cert,
      ...name,
    ]);
    using secure = Bun.serve({
      port: 0,
      tls: { key: Bun.file(key), cert: Bun.file(cert) },
      fetch: () => new Response("hello"),
    });
    const address = `https://127.0.0.1:${secure.port}/`;
    const source = `local ok, r = pcall(http.get, "${address}") print(ok and r.body or r)`;
    const refused = `Cannot GET "${address}": self signed certificate.\n`;
    expect(await run(source)).toBe(refused);
    expect(await run(source, [], { NODE_TLS_REJECT_UNAUTHORIZED: "0" })).toBe(refused);
    expect(await run(source, [], { SSL_CERT_FILE: cert })).toBe("hello\n");
    const elsewhere = address.replace("127.0.0.1", "127.0.0.2");
    expect(await run(source.replace(address, elsewhere), [], { SSL_CERT_FILE: cert })).toBe(
      `Cannot GET "${elsewhere}": its certificate is for another host.\n`,
    );
  });

  test("names the proxy that cannot be reached, without its password", async () => {
    const source = `print(select(2, pcall(http.get, "http://somewhere.test/")))`;
    const dead = { HTTP_PROXY: "http://me:secret@127.0.0.1:1" };
    expect(await run(source, [], dead)).toBe(
      'Cannot GET "http://somewhere.test/": the connection was refused, nothing listens there: its proxy, "http://127.0.0.1:1" of HTTP_PROXY.\n',
    );
    expect(await run(source, [], { http_proxy: "socks5://127.0.0.1:1" })).toBe(
      'Cannot GET "http://somewhere.test/": its proxy, "socks5://127.0.0.1:1" of http_proxy, is not at http:// or https://.\n',
    );
  });

  test("keeps the mode of a file that it replaces", async () => {
    const source = `fs.write("got", "old") fs.chmod("got", "0620")
      http.get(base .. "/bytes", { save_as = "got" }) print(fs.stat("got").mode, fs.stat("got").size)
      print(select(2, pcall(http.head, base .. "/bytes", { save_as = "got" }))) print(fs.stat("got").size)`;
    expect(await run(source)).toBe(
      '0620\t3\nhttp.head: field "save_as": what answers a HEAD request has no body. Take GET.\n3\n',
    );
  });

  test("names the file of authorities that is not there", async () => {
    const source = `print(select(2, pcall(http.get, "https://127.0.0.1:1/")))`;
    expect(await run(source, [], { SSL_CERT_FILE: "/no/such/file" })).toBe(
      'Cannot GET "https://127.0.0.1:1/": SSL_CERT_FILE names the file "/no/such/file": no such file or directory.\n',
    );
  });

  test("takes no more than max_size into memory, nor into a file", async () => {
    const source = `for _, options in ipairs{ { max_size = "100kB" }, { max_size = 100000, save_as = "got" } } do
        local ok, err = pcall(http.get, base .. "/large", options) print(err.code, err)
      end
      print(#http.get(base .. "/large", { max_size = 300000 }).body, #fs.list("."))
      print(pcall(http.get, base .. "/large", { max_size = "much" }))`;
    const large = `too_large\tCannot GET "http://127.0.0.1:${server.port}/large": the answer has more than 100.0 kB.`;
    expect(await run(source)).toBe(
      `${large} Save it to a file with save_as, or raise max_size.\n${large} Raise max_size.\n300000\t1\nfalse\thttp.get: argument 2, field "max_size": expected a size such as 1048576, "64MiB" or "1GiB", got "much"\n`,
    );
  });

  test("says when a body cannot be saved, and does not ask again for that", async () => {
    const source = `local ok, err = pcall(http.get, base .. "/bytes", { save_as = "no/such/folder", retries = 5 }) print(err.code, err)`;
    expect(await run(source)).toBe('not_found\tCannot write "no/such/folder": no such file or directory\n');
  });

  test("leaves nothing of a file that did not come whole", async () => {
    const source = `local ok, err = pcall(http.get, base .. "/drip", { save_as = "got", timeout = "100ms" }) print(err.code, #fs.list("."))`;
    expect(await run(source)).toBe("timeout\t1\n");
  });

  test("ends with the task that asked", async () => {
    const source = `task{ name = "slow", timeout = "200ms", run = function() pcall(http.get, base .. "/drip", { save_as = "got" }) end }
      task{ name = "after", next_if_fail = { "slow" }, run = function() print(#fs.list(".")) end }`;
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua(
      `local base = "http://127.0.0.1:${server.port}"\n${source}`,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "1\n", exitCode: 1 });
  });

  test("shows how far a file is on a terminal, and nothing of that when it is there", async () => {
    using sandbox = createSandbox();
    const path = sandbox.write(
      "get.lua",
      `http.get("http://127.0.0.1:${slowPort}/", { save_as = "got" }) print("done")`,
    );
    const env = { HOME: sandbox.home };
    const child = startOnTerminal([sandbox.binary, "run", path], { columns: 80, cwd: sandbox.work, env });
    expect(await child.until((text) => text.includes("%"))).toMatch(/… got .* █+░+ +50 % +50\.0 kB/);
    finish.resolve();
    expect(await child.ended).toBe(0);
    expect(child.screen.text.trim()).toBe("done");
  });
});
