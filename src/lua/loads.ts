import { isAbsolute } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import type { CallContext, CurrentContext } from "../modules/context.ts";
import type { HostFunction, LuaModule, LuaValue } from "../modules/module.ts";
import { refuseNul } from "../modules/paths.ts";

/** The loading of a file that has begun. */
interface Load {
  readonly by: CallContext;
  /** How often it has begun: a coroutine of a script's own may load what waits for that coroutine. */
  depth: number;
  readonly ended: Promise<undefined>;
  readonly end: () => void;
}

/** What is being loaded, by any key: it is loaded once, and those who come meanwhile wait. */
export class Loads {
  readonly #loading = new Map<string, Load>();
  /** What each waits for. */
  readonly #waiting = new Map<CallContext, Load>();

  constructor(private readonly current: CurrentContext) {}

  /** Whether it is being loaded; `circle` when that waits, itself or through others, for who is asking. */
  find(key: string): boolean | "circle" {
    const load = this.#loading.get(key);
    return this.#leadsTo(load, this.current()) ? "circle" : load !== undefined;
  }

  /** The file that who is asking has begun to load last and still loads. */
  get latest(): string | undefined {
    const own = [...this.#loading].filter(([key, { by }]) => by === this.current() && isAbsolute(key));
    return own.at(-1)?.[0];
  }

  /** Whether who is asking loads it already. */
  isOwn(key: string): boolean {
    return this.#loading.get(key)?.by === this.current();
  }

  /** Waits until it has been loaded, or has failed to. */
  async await(key: string): Promise<undefined> {
    const context = this.current();
    const load = this.#loading.get(key);
    if (load === undefined) return undefined;
    this.#waiting.set(context, load);
    await load.ended;
    this.#waiting.delete(context);
    return undefined;
  }

  /** Who is asking loads it from now on, until `end`, or until he is stopped: what his coroutines hold is not closed then. */
  begin(key: string): void {
    const by = this.current();
    const own = this.#loading.get(key);
    if (own?.by === by) {
      own.depth++;
      return;
    }
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    const end = () => {
      by.signal?.removeEventListener("abort", end);
      this.#loading.delete(key);
      resolve(undefined);
    };
    by.signal?.addEventListener("abort", end);
    this.#loading.set(key, { by, depth: 1, ended, end });
  }

  end(key: string): void {
    const load = this.#loading.get(key);
    // Whoever was stopped may come late, when others load it.
    if (load !== undefined && load.by === this.current() && --load.depth === 0) load.end();
  }

  #leadsTo(load: Load | undefined, context: CallContext): boolean {
    return load !== undefined && (load.by === context || this.#leadsTo(this.#waiting.get(load.by), context));
  }
}

/** What the prelude needs for `require`: the functions, and those of them that wait. */
export function createRequiring(loads: Loads): Required<Pick<LuaModule, "functions" | "waits">> {
  const keyOf = (name: unknown) => `require ${String(name)}`;
  const refuseCircle = (name: LuaValue): never => {
    const problem = `Cannot require ${JSON.stringify(name)}: it is requiring itself. Move what both need into a file of its own.`;
    throw new RunnerError("task_failed", problem);
  };
  const functions: Record<string, HostFunction> = {
    refuse_circle: refuseCircle,
    is_requiring(name) {
      const key = keyOf(name);
      // The prelude knows what a coroutine requires itself; coroutines of a script's own cannot wait for each other.
      if (loads.isOwn(key)) return false;
      return loads.find(key) === "circle" ? refuseCircle(name) : loads.find(key) === true;
    },
    await_require: (name) => loads.await(keyOf(name)),
    begin_require(name) {
      // C would look for what is before it among the modules of `package.preload`.
      refuseNul("require", String(name));
      loads.begin(keyOf(name));
    },
    end_require: (name) => void loads.end(keyOf(name)),
  };
  return { functions, waits: { await_require: "require" } };
}
