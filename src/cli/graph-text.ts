import { escapeControls } from "../lib/text.ts";
import type { Task } from "../tasks/task.ts";

export interface GraphNode {
  readonly name: string;
  readonly group: string | null;
}

/** `to` waits for `from`. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `success`: it needs it; `failure`: it runs only if it failed. */
  readonly on: "success" | "failure";
}

export interface Graph {
  /** Whatever a node waits for stands before it. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Pure: the graph of tasks in the order of their run. */
export function graphOf(order: readonly Task[]): Graph {
  const taking = new Set(order.map(({ name }) => name));
  const edges = order.flatMap(({ name, dependsOn, nextIfFail }) => [
    ...dependsOn.map((from) => ({ from, to: name, on: "success" }) as const),
    ...nextIfFail.map((from) => ({ from, to: name, on: "failure" }) as const),
  ]);
  return {
    nodes: order.map(({ name, group }) => ({ name, group: group?.name ?? null })),
    edges: edges.filter(({ from }) => taking.has(from)),
  };
}

/** Levels of a tree that are indented; deeper ones stay below each other. */
const MOST_LEVELS = 40;

/** Pure: a tree from what starts first to what waits for it. A task that several lead to is unfolded once. */
export function renderTree({ nodes, edges }: Graph): string {
  const next = new Map<string, GraphEdge[]>();
  const waiting = new Set<string>();
  for (const edge of edges) {
    waiting.add(edge.to);
    const list = next.get(edge.from);
    if (list === undefined) next.set(edge.from, [edge]);
    else list.push(edge);
  }
  const lines: string[] = [];
  const unfolded = new Set<string>();
  // A stack of our own: chains may be deeper than JavaScript's.
  const stack = nodes
    .filter(({ name }) => !waiting.has(name))
    .map(({ name }) => ({ name, label: "", lead: "", below: "", level: 0 }))
    .reverse();
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { name, label, lead, below, level } = item;
    const children = next.get(name) ?? [];
    const again = unfolded.has(name) && children.length > 0;
    lines.push(`${lead}${label}${escapeControls(name)}${again ? " …" : ""}`);
    if (again) continue;
    unfolded.add(name);
    const deep = level >= MOST_LEVELS;
    for (const [place, { to, on }] of [...children.entries()].reverse()) {
      const last = place === children.length - 1;
      stack.push({
        name: to,
        label: on === "failure" ? `if ${escapeControls(name)} fails: ` : "",
        lead: deep ? lead : `${below}${last ? "└─ " : "├─ "}`,
        below: deep ? below : `${below}${last ? "   " : "│  "}`,
        level: level + 1,
      });
    }
  }
  return lines.join("\n");
}

/** Pure: for Mermaid, with a frame around each group. */
export function renderMermaid({ nodes, edges }: Graph): string {
  const ids = new Map(nodes.map(({ name }, place) => [name, `t${place}`]));
  // Mermaid takes a label for HTML, and has entities of its own.
  const label = (text: string) =>
    `"${escapeControls(text).replaceAll(/[#"<>&]/g, (character) => `#${character.charCodeAt(0)};`)}"`;
  const lines = ["flowchart LR"];
  for (const [group, members] of byGroup(nodes)) {
    const indent = group === null ? "  " : "    ";
    if (group !== null) lines.push(`  subgraph g${ids.get(members[0]?.name ?? "")} [${label(group)}]`);
    for (const { name } of members) lines.push(`${indent}${ids.get(name)}[${label(name)}]`);
    if (group !== null) lines.push("  end");
  }
  for (const { from, to, on } of edges) {
    lines.push(`  ${ids.get(from)} ${on === "failure" ? "-. fails .->" : "-->"} ${ids.get(to)}`);
  }
  return lines.join("\n");
}

/** Pure: for Graphviz, with a frame around each group. */
export function renderDot({ nodes, edges }: Graph): string {
  const quote = (text: string) => `"${escapeControls(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  const lines = ["digraph tasks {", "  rankdir=LR;", "  node [shape=box, style=rounded];"];
  let frames = 0;
  for (const [group, members] of byGroup(nodes)) {
    if (group !== null) lines.push(`  subgraph cluster_${frames++} {`, `    label=${quote(group)};`);
    for (const { name } of members) lines.push(`${group === null ? "  " : "    "}${quote(name)};`);
    if (group !== null) lines.push("  }");
  }
  for (const { from, to, on } of edges) {
    const style = on === "failure" ? ' [style=dashed, label="fails"]' : "";
    lines.push(`  ${quote(from)} -> ${quote(to)}${style};`);
  }
  return [...lines, "}"].join("\n");
}

function byGroup(nodes: readonly GraphNode[]): Map<string | null, GraphNode[]> {
  return Map.groupBy(nodes, ({ group }) => group);
}
