const LINE_END = 0x0a;

/**
 * The lines of a stream of bytes, without their ends; one holds until the next is asked for. Empty ones are left out;
 * the last may lack its end.
 */
export function* splitLines(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let kept: Uint8Array[] = [];
  for (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      const line = joined(kept, chunk.subarray(from, end));
      kept = [];
      from = end + 1;
      if (line.length > 0) yield line;
    }
    // A copy: the reader may use its buffer again.
    if (from < chunk.length) kept.push(chunk.slice(from));
  }
  const last = joined(kept, new Uint8Array(0));
  if (last.length > 0) yield last;
}

function joined(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}
