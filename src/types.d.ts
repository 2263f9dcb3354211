/** Files that `bun build` takes into the binary as they are. */

declare module "*.lua" {
  /** The file's text; import it `with { type: "text" }`. */
  const text: string;
  export default text;
}

declare module "*.bash" {
  /** The file's text; import it `with { type: "text" }`. */
  const text: string;
  export default text;
}

declare module "*.fish" {
  /** The file's text; import it `with { type: "text" }`. */
  const text: string;
  export default text;
}

declare module "*.zsh" {
  /** The file's text; import it `with { type: "text" }`. */
  const text: string;
  export default text;
}

declare module "*.wasm" {
  /** A path that can be read, inside the binary too; import it `with { type: "file" }`. */
  const path: string;
  export default path;
}

/** Node's conversions without option parsing, which Bun has too: half the price on the bridge's hot path. */
interface Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
}

declare module "*.txt" {
  /** The file's text; import it `with { type: "text" }`. */
  const text: string;
  export default text;
}
