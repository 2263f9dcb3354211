/** A whole number with separators between thousands: `48,211`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 key`, `2 keys`: the count with its noun, whose plural takes an s. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * The text on one line and without effect on a terminal: control characters, and those that turn the direction of
 * writing, as escapes.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (control) => {
    const known = ESCAPES[control];
    return known ?? `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text, or as much of it as fits into `columns` of a terminal, ending in "…". */
export function cut(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let kept = "";
  let left = columns - 1;
  for (const character of text) {
    left -= Bun.stringWidth(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Pads on the right to a width in columns of a terminal, where some characters take two and some none. */
export function padColumns(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - Bun.stringWidth(text)));
}

/**
 * Prose set anew in lines of at most `columns`: lines of one paragraph flow together, paragraphs and lines that begin
 * with a space stay.
 */
export function reflow(text: string, columns: number): string {
  const lines: string[] = [];
  let open = false;
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith(" ")) {
      lines.push(line);
      open = false;
      continue;
    }
    for (const word of line.split(" ")) {
      const last = open ? lines.at(-1) : undefined;
      if (last !== undefined && last.length + 1 + word.length <= columns)
        lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
      open = true;
    }
  }
  return lines.join("\n");
}
