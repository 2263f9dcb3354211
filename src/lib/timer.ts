/** How long a timer of the runtime may run at most, in ms: longer ones fire at once. */
const LONGEST = 2 ** 31 - 1;

/** Calls back once, not before `ms` are over however long that is; what comes back calls it off. */
export function startTimer(ms: number, callback: () => void): () => void {
  const deadline = performance.now() + ms;
  let timer: Timer | undefined;
  const wait = () => {
    const left = deadline - performance.now();
    // The runtime counts whole milliseconds, and may be early by a part of one.
    if (timer !== undefined && left <= 0) callback();
    else timer = setTimeout(wait, Math.min(Math.max(0, Math.ceil(left)), LONGEST));
  };
  wait();
  return () => clearTimeout(timer);
}
