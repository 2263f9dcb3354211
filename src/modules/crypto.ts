import { createHash, createHmac, randomBytes, randomUUID } from "node:crypto";
import { fromBytes } from "../lib/bytes.ts";
import { RunnerError } from "../lib/errors.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "./define.ts";

/** The digests that scripts may ask for. */
export const DIGESTS = ["md5", "sha1", "sha256", "sha512"] as const;
export type Digest = (typeof DIGESTS)[number];

const MOST_RANDOM_BYTES = 1 << 20;

/** The Lua module `crypto`: digests as lower-case hex, encodings, random bytes. */
export const cryptoModule: ModuleDef = {
  name: "crypto",
  description: "Digests, encodings, random bytes and ids.",
  effect: false,
  functions: {
    ...(Object.fromEntries(DIGESTS.map((name) => [name, digest(name)])) as Record<
      Digest,
      FunctionDef<never>
    >),

    hmac: defineFunction({
      description: "The keyed digest (HMAC) of a text, in hex.",
      args: (z) => ({ algorithm: z.oneOf(DIGESTS), key: z.bytes(), text: z.bytes() }),
      returns: "string",
      example: 'assert(#crypto.hmac("sha256", "key", "text") == 64)',
      run: ({ algorithm, key, text }) => createHmac(algorithm, key).update(text).digest("hex"),
    }),

    base64_encode: defineFunction({
      description: "A text or bytes in base64.",
      args: (z) => ({ text: z.bytes() }),
      returns: "string",
      example: 'assert(crypto.base64_encode("hello") == "aGVsbG8=")',
      run: ({ text }) => Buffer.from(text).toString("base64"),
    }),

    base64_decode: defineFunction({
      description: "The content of base64, also without padding or in its form for URLs.",
      args: (z) => ({ text: z.string() }),
      returns: "string",
      example: 'assert(crypto.base64_decode("aGVsbG8=") == "hello")',
      run({ text }) {
        const bare = text.replace(/\s+/g, "");
        const isBase64 = /^[A-Za-z0-9+/_-]*={0,2}$/.test(bare);
        // One digit alone is less than a byte.
        if (!isBase64 || bare.replace(/=+$/, "").length % 4 === 1)
          throw undecodable("base64_decode", "base64");
        return fromBytes(Buffer.from(bare, "base64"));
      },
    }),

    hex_encode: defineFunction({
      description: "A text or bytes in hex digits.",
      args: (z) => ({ text: z.bytes() }),
      returns: "string",
      example: 'assert(crypto.hex_encode("hi") == "6869")',
      run: ({ text }) => Buffer.from(text).toString("hex"),
    }),

    hex_decode: defineFunction({
      description: "The content of hex digits.",
      args: (z) => ({ text: z.string() }),
      returns: "string",
      example: 'assert(crypto.hex_decode("6869") == "hi")',
      run({ text }) {
        if (!/^([0-9a-f]{2})*$/i.test(text)) throw undecodable("hex_decode", "pairs of hex digits");
        return fromBytes(Buffer.from(text, "hex"));
      },
    }),

    uuid: defineFunction({
      description: "A random id (UUID, version 4).",
      returns: "string",
      example: "assert(#crypto.uuid() == 36)",
      run: () => randomUUID(),
    }),

    random_bytes: defineFunction({
      description: "Bytes of the system's random generator.",
      args: (z) => ({ count: z.integer(0, MOST_RANDOM_BYTES) }),
      returns: "string",
      example: "assert(#crypto.random_bytes(16) == 16)",
      run: ({ count }) => fromBytes(randomBytes(count)),
    }),
  },
};

function digest(name: Digest): FunctionDef<never> {
  return defineFunction({
    description: `The ${name} digest of a text or bytes, in hex.`,
    args: (z) => ({ text: z.bytes() }),
    returns: "string",
    example: `assert(crypto.${name}("abc"):match("^%x+$"))`,
    run: ({ text }) => createHash(name).update(text).digest("hex"),
  });
}

function undecodable(name: string, expected: string): RunnerError {
  return new RunnerError("bad_argument", `crypto.${name}: argument 1 (text): expected ${expected}`);
}
