/** A whole number with separators between thousands: `48,211`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 key`, `2 keys`: the count with its noun, whose plural takes an s. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The text on one line and without effect on a terminal: control characters as escapes. */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (control) => {
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
