import { escapeControls } from "../lib/text.ts";
import type { Graph } from "./graph-text.ts";

/** Measures in pixels. */
const CHARACTER = 7.5;
const PADDING = 12;
const HEIGHT = 30;
const GAP_X = 48;
const GAP_Y = 14;
const MARGIN = 16;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Pure: a picture; each task stands right of all that it waits for. */
export function renderSvg({ nodes, edges }: Graph): string {
  const columns = columnsOf({ nodes, edges });
  const boxes = new Map<string, Box>();
  let x = MARGIN;
  for (const names of columns) {
    const width =
      names.reduce((most, name) => Math.max(most, Bun.stringWidth(name)), 0) * CHARACTER + 2 * PADDING;
    for (const [row, name] of names.entries()) {
      boxes.set(name, { x, y: MARGIN + row * (HEIGHT + GAP_Y), width });
    }
    x += width + GAP_X;
  }
  const rows = columns.reduce((most, names) => Math.max(most, names.length), 0);
  const width = Math.ceil(x - GAP_X + MARGIN);
  const height = 2 * MARGIN + rows * (HEIGHT + GAP_Y) - GAP_Y;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, monospace" font-size="12">`,
    '  <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#667"/></marker></defs>',
    ...edges.map(({ from, to, on }) => renderEdge(boxes.get(from), boxes.get(to), on === "failure")),
    ...[...boxes].map(([name, box]) => renderBox(name, box)),
    "</svg>",
  ].join("\n");
}

/** Tasks by how many others must end one after the other before they start. */
function columnsOf({ nodes, edges }: Graph): string[][] {
  const places = new Map(nodes.map(({ name }) => [name, 0]));
  // Edges come in the order of their target, which has all its predecessors before it.
  for (const { from, to } of edges)
    places.set(to, Math.max(places.get(to) ?? 0, (places.get(from) ?? 0) + 1));
  const columns: string[][] = [];
  for (const [name, place] of places) {
    const column = columns[place];
    if (column === undefined) columns[place] = [name];
    else column.push(name);
  }
  return columns;
}

function renderEdge(from: Box | undefined, to: Box | undefined, dashed: boolean): string {
  if (from === undefined || to === undefined) return "";
  const start = { x: from.x + from.width, y: from.y + HEIGHT / 2 };
  const end = { x: to.x, y: to.y + HEIGHT / 2 };
  const bend = (end.x - start.x) / 2;
  const path = `M${start.x} ${start.y} C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`;
  return `  <path d="${path}" fill="none" stroke="#667"${dashed ? ' stroke-dasharray="4 3"' : ""} marker-end="url(#arrow)"/>`;
}

function renderBox(name: string, { x, y, width }: Box): string {
  const text = escapeControls(name).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `  <g><rect x="${x}" y="${y}" width="${width}" height="${HEIGHT}" rx="6" fill="#f4f5f7" stroke="#667"/><text x="${x + PADDING}" y="${y + 19}" fill="#223">${text}</text></g>`;
}
