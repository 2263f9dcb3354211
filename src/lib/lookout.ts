const looks = new Set<() => void>();

/**
 * Has `look` called now and then while a script computes, when no event reaches this thread; what comes back calls that
 * off. It must not run Lua. While nobody looks, computing costs nothing more.
 */
export function lookWhileComputing(look: () => void): () => void {
  looks.add(look);
  return () => void looks.delete(look);
}

/** Whether there is anything to look after. */
export function isLookedAfter(): boolean {
  return looks.size > 0;
}

/** Lets all of them look. */
export function lookAround(): void {
  for (const look of looks) look();
}
