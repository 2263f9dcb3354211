import type { Backend, Entry, Ref } from "../../src/backends/backend.ts";
import { decodeLock, type LockState } from "../../src/state/locks/lease.ts";
import { lockRef } from "../../src/state/locks/world.ts";
import type { BinaryOptions, Running, Sandbox } from "./binary.ts";

/** Lua: waits until the test has written a file. */
const AWAIT_FILE = "local function await(name) while not fs.exists(name) do time.sleep(0.005) end end\n";

/** Scripts that run at the same time on one store, in processes of their own. */
export class Scripts {
  /** `open` gives a backend on their store, to look at it; `options` lead the processes there. */
  constructor(
    readonly sandbox: Sandbox,
    private readonly open: () => Backend,
    private readonly options: BinaryOptions = {},
  ) {}

  /** Starts a script of a name of its own; in it `await(name)` waits for a file in the sandbox's `work`. */
  start(name: string, source: string): Running {
    this.sandbox.write(`${name}.lua`, AWAIT_FILE + source);
    return this.sandbox.spawn(["run", `${name}.lua`], this.options);
  }

  /** Resolves once an entry of the store is as wanted. */
  async until(ref: Ref, wanted: (entry: Entry | undefined) => boolean): Promise<void> {
    const backend = this.open();
    try {
      for (;;) {
        const changed = backend.wait(AbortSignal.timeout(1000));
        const [entry] = await backend.read([ref]);
        if (wanted(entry)) return;
        await changed;
      }
    } finally {
      await backend.close();
    }
  }

  /** Resolves once a lock is as wanted. */
  untilLock(name: string, wanted: (state: LockState) => boolean): Promise<void> {
    return this.until(lockRef(name), (entry) => wanted(decodeLock(entry)));
  }
}
