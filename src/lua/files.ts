import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { fromBytes } from "../lib/bytes.ts";
import { hasCode, STDERR, STDIN, STDOUT } from "../lib/stdio.ts";
import { type GivenPath, type Path, showPath } from "../modules/paths.ts";
import type { LuaApi } from "./wasm.ts";

/** What the C library of the VM gets for files; where they are, and what may be opened, is the host's to say. */
export interface FileHost {
  /** The absolute path of a script's path; undefined when it must not be opened in this way. */
  locate(path: GivenPath, use: "read" | "write"): Path | undefined;
  /** Takes what scripts write to standard output and standard error. */
  print(bytes: Uint8Array, stream: "stdout" | "stderr"): void;
  /** Gives the next of standard input, empty at its end; undefined, or absent: the system has it. */
  readInput?(): Uint8Array | undefined;
}

/** The flags and error numbers of the C library in the VM, which are musl's and WASI's, not this machine's. */
const Flag = { access: 3, create: 0o100, exclusive: 0o200, truncate: 0o1000, append: 0o2000 } as const;
const Errno: Readonly<Record<string, number>> = {
  EACCES: 2,
  EAGAIN: 6,
  EBADF: 8,
  EBUSY: 10,
  EEXIST: 20,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  ENAMETOOLONG: 37,
  ENOENT: 44,
  ENOSPC: 51,
  ENOTDIR: 54,
  ENOTTY: 59,
  ENXIO: 60,
  EPERM: 63,
  EPIPE: 64,
  EROFS: 69,
  ESPIPE: 70,
  ETXTBSY: 74,
};
const OTHER_ERRNO = 29;
/** How long to pause, in ms, when a pipe that does not block has nothing yet. */
const EMPTY_PIPE_PAUSE = 5;

/** One open file: the system's, or a stream of the host's. */
interface OpenFile {
  readonly fd?: number;
  /** Where the next byte is read or written; undefined for what has no places, such as a pipe. */
  position?: number | undefined;
  readonly append: boolean;
  readonly stream?: HostStream;
}

/** What the host reads or writes in place of a file. */
export interface HostStream {
  /** Takes what is written. Raises the system's error. */
  write?(bytes: Uint8Array): void;
  /** Called when it is closed, be it by the garbage collector. */
  close(): void;
}

/**
 * The system calls by which Lua's own `io` library works on this machine's files: the C code in the VM does the
 * buffering, the formats and the errors, as everywhere.
 */
export class Files {
  private readonly open = new Map<number, OpenFile>();
  /** Those that nobody has opened yet, by their paths. */
  private readonly streams = new Map<string, OpenFile>();
  private lastStream = 0;
  /** What the host has given of standard input and nobody has taken. */
  private unread: Uint8Array = new Uint8Array();
  private api: LuaApi | undefined;
  private before: () => void = () => undefined;
  private after: () => void = () => undefined;

  constructor(private readonly host: FileHost) {
    this.open.set(STDIN, { fd: STDIN, append: false });
    this.open.set(STDOUT, { fd: STDOUT, append: false });
    this.open.set(STDERR, { fd: STDERR, append: false });
  }

  /** Gives the calls the memory that their pointers are about. */
  attach(api: LuaApi): void {
    this.api = api;
  }

  /** Has `before` called before any of them does something, `after` when it is done; when `before` throws, it is not done. */
  guard(before: () => void, after: () => void): void {
    this.before = before;
    this.after = after;
  }

  /** Writes out what scripts have written and C still buffers. */
  flush(): void {
    if (this.open.size > STDERR + 1) this.api?.fflush(0);
  }

  /** A path by which `io.open` finds what stands for a stream of the host's, once. */
  putStream(stream: HostStream): string {
    const path = `/dev/runner/${++this.lastStream}`;
    this.streams.set(path, { stream, append: false });
    return path;
  }

  /** Has the next call of C that fails without the system's doing say nothing of an error that is over. */
  forgetError(): void {
    if (this.api !== undefined) this.words()[this.api.__errno_location() >> 2] = 0;
  }

  /** The imports of the VM's WebAssembly. A negative result, or a positive one of `fd_*`, is an error number. */
  readonly calls = {
    __syscall_openat: (_folder: number, path: number, flags: number, rest: number) =>
      this.negative(() => this.openAt(this.text(path), flags, this.words()[rest >> 2] ?? 0)),
    __syscall_unlinkat: (_folder: number, path: number) =>
      this.negative(() => {
        unlinkSync(this.locate(this.text(path), "write"));
        return 0;
      }),
    // Only asked whether a file is a terminal, to buffer it by lines.
    __syscall_ioctl: () => -(Errno.ENOTTY ?? OTHER_ERRNO),
    __syscall_fcntl64: () => 0,
    fd_close: (fd: number) => this.positive(() => this.close(fd)),
    fd_read: (fd: number, vectors: number, count: number, total: number) =>
      this.positive(() => this.transfer(vectors, count, total, (bytes) => this.read(fd, bytes))),
    fd_write: (fd: number, vectors: number, count: number, total: number) =>
      this.positive(() => this.transfer(vectors, count, total, (bytes) => this.write(fd, bytes))),
    fd_seek: (fd: number, offset: bigint | number, ...more: number[]) => {
      // 64-bit numbers arrive whole or in two halves, as the VM was built.
      const whole = typeof offset === "bigint" ? Number(offset) : offset + (more.shift() ?? 0) * 2 ** 32;
      const low = typeof offset === "bigint" ? whole : whole + (offset < 0 ? 2 ** 32 : 0);
      const [whence = 0, result = 0] = more;
      return this.positive(() => this.seek(fd, low, whence, result));
    },
  };

  /** Errors must not pass through C as exceptions, which it knows nothing of. */
  private negative(act: () => number | undefined): number {
    try {
      this.before();
      const result = act() ?? 0;
      this.after();
      return result;
    } catch (error) {
      return -errorNumber(error);
    }
  }

  private positive(act: () => void): number {
    return -this.negative(() => void act());
  }

  private openAt(path: GivenPath, flags: number, mode: number): number {
    const stream = this.streams.get(showPath(path));
    if (stream !== undefined) {
      this.streams.delete(showPath(path));
      return this.add(stream);
    }
    const writes = (flags & Flag.access) !== 0;
    const has = (flag: number, constant: number) => ((flags & flag) === 0 ? 0 : constant);
    const fd = openSync(
      this.locate(path, writes ? "write" : "read"),
      (flags & Flag.access) |
        has(Flag.create, constants.O_CREAT) |
        has(Flag.exclusive, constants.O_EXCL) |
        has(Flag.truncate, constants.O_TRUNC) |
        has(Flag.append, constants.O_APPEND),
      mode & 0o777,
    );
    const position = fstatSync(fd).isFile() ? 0 : undefined;
    return this.add({ fd, position, append: (flags & Flag.append) !== 0 });
  }

  private add(file: OpenFile): number {
    let number = STDERR + 1;
    while (this.open.has(number)) number++;
    this.open.set(number, file);
    return number;
  }

  private close(number: number): void {
    const { fd, stream } = this.get(number);
    this.open.delete(number);
    stream?.close();
    if (fd !== undefined && fd > STDERR) closeSync(fd);
  }

  /** Moves bytes between a file and the pieces of memory that C names; stops early when one is not filled. */
  private transfer(vectors: number, count: number, total: number, move: (bytes: Buffer) => number): void {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const words = this.words();
      const start = words[(vectors >> 2) + 2 * i] ?? 0;
      const length = words[(vectors >> 2) + 2 * i + 1] ?? 0;
      if (length === 0) continue;
      const moved = move(Buffer.from(words.buffer, start, length));
      sum += moved;
      if (moved < length) break;
    }
    this.words()[total >> 2] = sum;
  }

  private read(number: number, into: Buffer): number {
    const file = this.get(number);
    if (file.fd === STDIN) {
      const given = this.unread.length > 0 ? this.unread : this.host.readInput?.();
      if (given !== undefined) {
        const moved = Buffer.from(given).copy(into);
        this.unread = given.subarray(moved);
        return moved;
      }
    }
    for (;;) {
      try {
        const moved = readSync(file.fd ?? -1, into, 0, into.length, file.position ?? null);
        if (file.position !== undefined) file.position += moved;
        return moved;
      } catch (error) {
        if (hasCode(error, "EOF")) return 0;
        if (!hasCode(error, "EAGAIN")) throw error;
        Bun.sleepSync(EMPTY_PIPE_PAUSE);
      }
    }
  }

  private write(number: number, from: Buffer): number {
    const file = this.get(number);
    if (file.stream !== undefined) {
      // C uses its memory again.
      file.stream.write?.(new Uint8Array(from));
    } else if (file.fd === STDOUT || file.fd === STDERR) {
      this.host.print(new Uint8Array(from), file.fd === STDOUT ? "stdout" : "stderr");
    } else {
      let moved = 0;
      while (moved < from.length) {
        const at = file.append || file.position === undefined ? null : file.position + moved;
        moved += writeSync(file.fd ?? -1, from, moved, from.length - moved, at);
      }
      if (file.append && file.position !== undefined) file.position = fstatSync(file.fd ?? -1).size;
      else if (file.position !== undefined) file.position += moved;
    }
    return from.length;
  }

  private seek(number: number, offset: number, whence: number, result: number): void {
    const file = this.get(number);
    if (file.position === undefined) throw systemError("ESPIPE");
    const { size } = fstatSync(file.fd ?? -1);
    const position = offset + ([0, file.position, size][whence] ?? 0);
    if (position < 0) throw systemError("EINVAL");
    file.position = position;
    const words = this.words();
    words[result >> 2] = position;
    words[(result >> 2) + 1] = Math.floor(position / 2 ** 32);
  }

  private get(number: number): OpenFile {
    const file = this.open.get(number);
    if (file === undefined) throw systemError("EBADF");
    return file;
  }

  private locate(path: GivenPath, use: "read" | "write"): Path {
    const located = this.host.locate(path, use);
    if (located === undefined) throw systemError("EACCES");
    return located;
  }

  private words(): Uint32Array {
    return new Uint32Array(this.api?.memory.buffer ?? new ArrayBuffer(0));
  }

  private text(pointer: number): GivenPath {
    const bytes = Buffer.from(this.words().buffer);
    return fromBytes(bytes.subarray(pointer, bytes.indexOf(0, pointer)));
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function errorNumber(error: unknown): number {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return Errno[code] ?? OTHER_ERRNO;
}
