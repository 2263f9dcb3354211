import type { CurrentContext } from "./context.ts";
import type { Permits } from "./permits.ts";
import type { Secrets } from "./secrets.ts";

/** What every module that acts on the machine gets from the run. */
export interface ModuleHost {
  /** The context of the call that is under way. */
  readonly current: CurrentContext;
  readonly permits: Permits;
  /** What must not be shown. */
  readonly secrets: Secrets;
}
