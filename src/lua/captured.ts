import { LuaFunction, type LuaValue } from "../modules/module.ts";
import type { Limit } from "./coroutine.ts";
import type { Definition } from "./traceback.ts";

/** The VM that a function lives in. */
interface Owner {
  readonly context: unknown;
  readonly limit: Limit | undefined;
  run(fn: LuaFunction, args: readonly LuaValue[], context: unknown, limit?: Limit): Promise<LuaValue[]>;
  definitionOf(fn: LuaFunction): Definition;
  free(fn: CapturedFunction): void;
}

/** A function of a script, anchored in the VM's registry until the handle is collected. */
export class CapturedFunction extends LuaFunction {
  constructor(
    private readonly vm: Owner,
    readonly reference: number,
    /** Whose function it is, for when the host calls it at a time of its own. */
    private readonly context: unknown,
    /** What ended its script from outside then: a callback must not outlast it. */
    private readonly limit: Limit | undefined,
  ) {
    super();
  }

  get definedAt(): string {
    const { source, line } = this.vm.definitionOf(this);
    return `${source}:${line}`;
  }

  call(...args: LuaValue[]): Promise<LuaValue[]> {
    return this.vm.run(this, args, this.vm.context ?? this.context, this.vm.limit ?? this.limit);
  }

  release(): void {
    this.vm.free(this);
  }
}
