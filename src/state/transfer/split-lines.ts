const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** What some programs put in front of UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * The lines of a stream of bytes, without their ends; one holds until the next is asked for. Empty ones are left out;
 * the last may lack its end. What programs of Windows add, a carriage return before each end and a byte order mark, is no
 * part of them.
 */
export function* splitLines(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let isFirst = true;
  for (const whole of linesOf(chunks)) {
    const begin = isFirst && BYTE_ORDER_MARK.every((byte, place) => whole[place] === byte) ? 3 : 0;
    const end = whole[whole.length - 1] === CARRIAGE_RETURN ? whole.length - 1 : whole.length;
    isFirst = false;
    if (end > begin) yield whole.subarray(begin, end);
  }
}

function* linesOf(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
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
