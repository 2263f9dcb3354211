/**
 * A result that is there at once or comes later. Synchronous backends answer at once and never pay for a
 * promise; only the Lua binding and the command line look which it was.
 */
export type Awaitable<T> = T | Promise<T>;

/** Continues with an awaitable's value: at once when it is there, else when it comes. */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Runs `step` until it says that there is no more: at once as long as it answers at once. */
export function repeat(step: () => Awaitable<boolean>): Awaitable<void> {
  for (;;) {
    const more = step();
    if (more instanceof Promise) return more.then((again) => (again ? repeat(step) : undefined));
    if (!more) return;
  }
}
