import { isUtf8 } from "node:buffer";

/** Bytes as a value: text when they are valid UTF-8, else themselves. */
export function fromBytes(bytes: Uint8Array): string | Uint8Array {
  return isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")
    : bytes;
}
