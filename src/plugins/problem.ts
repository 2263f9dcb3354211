/** A plugin that cannot be used, wholly or in part. */
export interface Problem {
  readonly plugin: string;
  /** The file that is the cause; absolute. */
  readonly file: string;
  /** What is the case, and what to do. */
  readonly reason: string;
}

/** A problem as people read it. */
export function showProblem({ plugin, file, reason }: Problem): string {
  return `Cannot use plugin "${plugin}" (${file}): ${reason}`;
}
