// What hangs together with what: people, groups, roles, resources, and the lines between them.
import type { Statement } from "./document";
import { clock, holds, type Model } from "./model";

export type NodeKind = "person" | "integration" | "group" | "role" | "resource";
export interface Node { id: string; kind: NodeKind; name: string; label: string | null }
export interface Edge { from: string; to: string; kind: "has" | "in" | "grants" | "denies" | "assigns"; text: string }
export interface Path { end: Node; way: Edge[] }

const MOST = 40;
const HOLDS = new Set<Edge["kind"]>(["has", "in"]);
const STEPS = new Set<Edge["kind"]>([...HOLDS, "assigns"]);

export class Graph {
  private edges = new Map<string, Edge[]>();
  private nodes = new Map<string, Node>();

  /** As of an instant: what is held then. */
  constructor(model: Model, at: number) {
    const { doc } = model;
    const local = clock(at, doc.timezone);
    for (const each of doc.resources) this.node("resource", each.name, each.label);
    for (const each of doc.groups) this.node("group", each.name, each.label);
    for (const each of doc.roles) this.node("role", each.name, each.label);
    for (const each of doc.people) this.nodes.set(`person:${each.id}`, { id: `person:${each.id}`, kind: each.integration ? "integration" : "person", name: each.id, label: each.label });
    for (const [kind, list] of [["group", doc.groups], ["role", doc.roles]] as const)
      for (const each of list) {
        const from = `${kind}:${each.name}`;
        for (const role of each.roles ?? []) this.edge(from, `role:${role}`, "in", "holds");
        for (const role of each.may_assign ?? []) this.edge(from, `role:${role}`, "assigns", "may assign");
        for (const said of byResource(each.says ?? [])) this.edge(from, `resource:${said.resource}`, said.kind, said.text);
      }
    for (const each of doc.people)
      for (const held of (each.held ?? []).filter((held) => holds(held, local))) this.edge(`person:${each.id}`, `${held.kind}:${held.name}`, "has", held.place ? `at ${held.place}` : held.by === "group" ? "is in" : held.by === "job" ? "by job" : "has");
  }

  private node(kind: NodeKind, name: string, label: string | null): void {
    this.nodes.set(`${kind}:${name}`, { id: `${kind}:${name}`, kind, name, label });
  }

  private edge(from: string, to: string, kind: Edge["kind"], text: string): void {
    if (!this.nodes.has(to)) return;
    const edge = { from, to, kind, text };
    for (const end of [from, to]) this.edges.set(end, [...(this.edges.get(end) ?? []), edge]);
  }

  get(id: string): Node | undefined {
    return this.nodes.get(id);
  }

  all(): Node[] {
    return [...this.nodes.values()];
  }

  around(id: string): Edge[] {
    return this.edges.get(id) ?? [];
  }

  /** What can be come by from here because it may be assigned, each with the shortest way; nothing that is held already. */
  escalation(id: string): Path[] {
    return this.gained(id, false);
  }

  /** Who can come by this role because it may be assigned, each with the shortest way; nobody who holds it already. */
  gaining(id: string): Path[] {
    return this.gained(id, true);
  }

  private gained(id: string, back: boolean): Path[] {
    const held = this.reached(id, HOLDS, back);
    return [...this.reached(id, STEPS, back)].filter(([end]) => !held.has(end)).map(([end, way]) => ({ end: this.nodes.get(end)!, way }));
  }

  /** What such edges lead to, or come from, each with the shortest way. */
  private reached(id: string, kinds: Set<Edge["kind"]>, back: boolean): Map<string, Edge[]> {
    const found = new Map<string, Edge[]>([[id, []]]);
    const waiting = [id];
    for (const at of waiting)
      for (const edge of this.around(at)) {
        const [here, there] = back ? [edge.to, edge.from] : [edge.from, edge.to];
        if (here !== at || !kinds.has(edge.kind) || found.has(there)) continue;
        const way = found.get(at)!;
        found.set(there, back ? [edge, ...way] : [...way, edge]);
        waiting.push(there);
      }
    return found;
  }

  /** Some nodes with what is directly around the opened ones; of very many, the first. */
  part(opened: Set<string>): { nodes: Node[]; edges: Edge[]; left: number } {
    const ids = new Set(opened);
    let left = 0;
    for (const id of opened) {
      const near = this.around(id);
      for (const edge of near.slice(0, MOST)) ids.add(edge.from === id ? edge.to : edge.from);
      left += Math.max(0, near.length - MOST);
    }
    const edges = new Set<Edge>();
    for (const id of opened) for (const edge of this.around(id)) if (ids.has(edge.from) && ids.has(edge.to)) edges.add(edge);
    return { nodes: [...ids].map((id) => this.nodes.get(id)).filter((node): node is Node => !!node), edges: [...edges], left };
  }
}

function byResource(says: Statement[]): { resource: string; kind: "grants" | "denies"; text: string }[] {
  const found = new Map<string, { resource: string; kind: "grants" | "denies"; actions: Set<string>; partly: boolean }>();
  for (const each of says) {
    const kind = each.effect === "grant" ? "grants" : "denies";
    const key = `${kind} ${each.resource}`;
    const there = found.get(key) ?? { resource: each.resource, kind, actions: new Set<string>(), partly: false };
    for (const action of each.actions) there.actions.add(action);
    there.partly ||= !!each.partly;
    found.set(key, there);
  }
  return [...found.values()].map(({ resource, kind, actions, partly }) => {
    const all = [...actions];
    const named = all.length > 4 ? `${all.slice(0, 3).join(", ")} and ${all.length - 3} more` : all.join(", ");
    return { resource, kind, text: `${kind} ${named}${partly ? " on some" : ""}` };
  });
}
