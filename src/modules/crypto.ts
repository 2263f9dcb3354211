import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import { fromBytes } from "../lib/bytes.ts";
import { Arguments } from "./arguments.ts";
import type { HostFunction, LuaModule } from "./module.ts";

const DIGESTS = ["md5", "sha1", "sha256", "sha512"] as const;
const MOST_RANDOM_BYTES = 1 << 20;

/** The Lua module `crypto`: digests as lower-case hex, encodings, random bytes. */
export function createCryptoModule(): LuaModule {
  const functions: Record<string, HostFunction> = {
    hmac: define("hmac", (args) => {
      const algorithm = args.string(0, "algorithm");
      if (!isDigest(algorithm)) return args.refuse(0, "algorithm", `one of ${DIGESTS.join(", ")}`);
      return createHmac(algorithm, args.bytes(1, "key")).update(args.bytes(2, "text")).digest("hex");
    }),
    base64_encode: define("base64_encode", (args) => Buffer.from(args.bytes(0, "text")).toString("base64")),
    base64_decode: define("base64_decode", (args) => {
      const text = args.string(0, "text").replace(/\s+/g, "");
      if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return args.refuse(0, "text", "base64");
      return fromBytes(Buffer.from(text, "base64"));
    }),
    hex_encode: define("hex_encode", (args) => Buffer.from(args.bytes(0, "text")).toString("hex")),
    hex_decode: define("hex_decode", (args) => {
      const text = args.string(0, "text");
      if (!/^([0-9a-f]{2})*$/i.test(text)) return args.refuse(0, "text", "pairs of hex digits");
      return fromBytes(Buffer.from(text, "hex"));
    }),
    uuid: () => randomUUID(),
    random_bytes: define("random_bytes", (args) => {
      const count = args.number(0, "count");
      if (!Number.isInteger(count) || count < 0 || count > MOST_RANDOM_BYTES) {
        return args.refuse(0, "count", `a whole number from 0 to ${MOST_RANDOM_BYTES}`);
      }
      return fromBytes(randomBytes(count));
    }),
  };
  for (const digest of DIGESTS) {
    functions[digest] = define(digest, (args) =>
      createHash(digest).update(args.bytes(0, "text")).digest("hex"),
    );
  }
  return { name: "crypto", functions };
}

function define(name: string, run: (args: Arguments) => ReturnType<HostFunction>): HostFunction {
  return (...values) => run(new Arguments(`crypto.${name}`, values));
}

function isDigest(name: string): name is (typeof DIGESTS)[number] {
  return DIGESTS.some((digest) => digest === name);
}
