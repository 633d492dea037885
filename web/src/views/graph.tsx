import cytoscape from "cytoscape";
import dagre from "cytoscape-dagre";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Graph as Made, type Edge, type Node, type Path } from "../graph";
import { fold, type Model, type Moment, visible } from "../model";
import { Empty, Name } from "../parts";
import { address, type Route } from "../route";

cytoscape.use(dagre as never);

const KINDS: Record<Node["kind"], string> = { person: "user", integration: "integration", group: "group", role: "role", resource: "resource" };
const LINES: Record<Edge["kind"], string> = { has: "has", in: "holds a role", grants: "grants", denies: "denies", assigns: "may assign" };

export function Graph({ model, moment, route, theme }: { model: Model; moment: Moment; route: Route; theme: string }) {
  const graph = useMemo(() => new Made(model, moment.at), [model, moment.at]);
  const start = graph.get(route.name) ?? graph.all().find((node) => node.kind === "role") ?? graph.all()[0];
  const [opened, open] = useState<Set<string>>(new Set());
  const [at, set] = useState<string>("");
  useEffect(() => {
    if (start) {
      open(new Set([start.id]));
      set(start.id);
    }
  }, [start?.id]);
  const part = useMemo(() => graph.part(opened), [graph, opened]);
  const chosen = graph.get(at);
  const toggle = (id: string) => {
    set(id);
    open((before) => new Set(before).add(id));
  };
  if (!start) return <section class="view"><Empty>There is nothing to draw.</Empty></section>;
  return (
    <section class="view graph">
      <header class="tools">
        <h1 class="hidden">Graph</h1>
        <Finder graph={graph} />
        <ul class="legend" aria-label="What the shapes mean">
          {(Object.keys(KINDS) as Node["kind"][]).map((kind) => <li key={kind}><span class={`shape shape-${kind}`} aria-hidden="true" /> {KINDS[kind]}</li>)}
          {(Object.keys(LINES) as Edge["kind"][]).map((kind) => <li key={kind}><span class={`stroke stroke-${kind}`} aria-hidden="true" /> {LINES[kind]}</li>)}
        </ul>
      </header>
      <div class="graph-body">
        <Drawing part={part} opened={opened} chosen={at} toggle={toggle} theme={theme} />
        <aside class="beside" aria-label="What is around it">
          {chosen && (
            <>
              <h2><span class="dim">{KINDS[chosen.kind]}</span> <Name of={chosen.name} label={chosen.label} /></h2>
              {(chosen.kind === "person" || chosen.kind === "integration") && <p><a href={address("person", chosen.name)}>what they may do</a></p>}
              {part.left > 0 && <p class="dim">{part.left.toLocaleString("en")} lines are too many to draw; all of them stand here.</p>}
              <Around graph={graph} id={chosen.id} toggle={toggle} />
              <Escalation graph={graph} id={chosen.id} show={(ids) => open((before) => new Set([...before, ...ids]))} />
            </>
          )}
        </aside>
      </div>
    </section>
  );
}

function Finder({ graph }: { graph: Made }) {
  return (
    <>
      <input list="nodes" type="search" aria-label="Start at" placeholder="Start at a person, group, role or resource"
        onChange={(e) => { if (graph.get(e.currentTarget.value)) location.hash = address("graph", e.currentTarget.value); }} />
      <datalist id="nodes">{graph.all().slice(0, 3000).map((node) => <option key={node.id} value={node.id}>{(node.label ?? "").slice(0, 80)}</option>)}</datalist>
    </>
  );
}

function Around({ graph, id, toggle }: { graph: Made; id: string; toggle: (id: string) => void }) {
  const [query, set] = useState("");
  const edges = graph.around(id).filter((edge) => fold(edge.from + edge.to + edge.text).includes(fold(query)));
  return (
    <>
      {graph.around(id).length > 12 && <input type="search" aria-label="Find around it" placeholder="Find around it" value={query} onInput={(e) => set(e.currentTarget.value)} />}
      <ul class="around">
        {edges.slice(0, 200).map((edge, n) => {
          const out = edge.from === id;
          const node = graph.get(out ? edge.to : edge.from)!;
          return (
            <li key={n} class={`edge-${edge.kind}`}>
              <span class="dim">{out ? "" : "← "}{edge.text}{out ? " →" : ""}</span>{" "}
              <button type="button" class="link" onClick={() => toggle(node.id)}><span class="dim">{KINDS[node.kind]}</span> <Name of={node.name} label={node.label} /></button>
            </li>
          );
        })}
      </ul>
      {edges.length > 200 && <p class="dim">and {(edges.length - 200).toLocaleString("en")} more</p>}
    </>
  );
}

/** What can be come by from here, and who can come by it, because somebody may assign it. */
function Escalation({ graph, id, show }: { graph: Made; id: string; show: (ids: string[]) => void }) {
  const [out, back] = useMemo(() => [graph.escalation(id), graph.gaining(id)], [graph, id]);
  return (
    <>
      {out.length > 0 && <Paths title="Paths of escalation" word="to" paths={out} graph={graph} show={show} />}
      {back.length > 0 && <Paths title="Who can come by it" word="" paths={back} graph={graph} show={show} />}
    </>
  );
}

function Paths({ title, word, paths, graph, show }: { title: string; word: string; paths: Path[]; graph: Made; show: (ids: string[]) => void }) {
  return (
    <section class="escalation">
      <h3>{title}</h3>
      <ul class="around">
        {paths.slice(0, 100).map(({ end, way }) => (
          <li key={end.id}>
            <button type="button" class="link" onClick={() => show(way.flatMap((edge) => [edge.from, edge.to]))}><span class="dim">{word || KINDS[end.kind]}</span> <Name of={end.name} label={end.label} /></button>
            <span class="dim">: {way.map((edge, n) => { const to = graph.get(edge.to)!; return <span key={n}>{n > 0 && ", "}{edge.text} <Name of={to.name} label={to.label} /></span>; })}</span>
          </li>
        ))}
      </ul>
      {paths.length > 100 && <p class="dim">and {(paths.length - 100).toLocaleString("en")} more</p>}
    </section>
  );
}

const ruler = document.createElement("canvas").getContext("2d")!;

function widthOf(text: string): number {
  ruler.font = "12px system-ui, sans-serif";
  return Math.ceil(ruler.measureText(text).width) + 6;
}

/**
 * Lines that are the only one at one of their ends: at that end, where no other line is, they say their text and are level. All of a fan
 * turn before the longest text, so that none goes through the text of another.
 */
function fan(drawn: cytoscape.Core): void {
  const fans = new Map<string, { edge: cytoscape.EdgeSingular; dx: number; dy: number; text: number; arrives: boolean }[]>();
  drawn.edges().forEach((edge) => {
    const [from, to] = [edge.source(), edge.target()];
    const dx = to.position("x") - to.outerWidth() / 2 - from.position("x") - from.outerWidth() / 2;
    const arrives = to.degree(false) === 1;
    if (dx < 60 || (!arrives && from.degree(false) !== 1)) return;
    const hub = arrives ? `from ${from.id()}` : `to ${to.id()}`;
    const one = { edge, dx, dy: to.position("y") - from.position("y"), text: widthOf(edge.data("text")), arrives };
    fans.set(hub, [...(fans.get(hub) ?? []), one]);
  });
  for (const lines of fans.values()) {
    const turn = Math.max(40, Math.min(...lines.map(({ dx, text }) => dx - text - 24)));
    for (const { edge, dx, dy, text, arrives } of lines) {
      const last = Math.min(1.4 * turn, (turn + dx) / 2);
      const bends = [{ x: 0.4 * turn, y: 0 }, { x: 2 * turn - last, y: dy }, { x: last, y: dy }];
      const points = arrives ? bends : bends.reverse().map(({ x, y }) => ({ x: dx - x, y: dy - y }));
      const length = Math.hypot(dx, dy);
      edge.data({
        weights: points.map(({ x, y }) => (x * dx + y * dy) / length ** 2),
        distances: points.map(({ x, y }) => (y * dx - x * dy) / length),
        offset: text / 2 + 12,
      });
      edge.addClass(arrives ? "arrives" : "leaves");
    }
  }
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function Drawing({ part, opened, chosen, toggle, theme }: {
  part: { nodes: Node[]; edges: Edge[] }; opened: Set<string>; chosen: string; toggle: (id: string) => void; theme: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const made = useRef<cytoscape.Core>(undefined);
  const pick = useRef(toggle);
  pick.current = toggle;
  useEffect(() => {
    const drawn = cytoscape({ container: place.current!, minZoom: 0.15, maxZoom: 2.5, boxSelectionEnabled: false, autounselectify: true });
    drawn.on("tap", "node", (event) => pick.current(event.target.id()));
    made.current = drawn;
    return () => drawn.destroy();
  }, []);
  useEffect(() => {
    const short = (node: Node) => { const text = visible(node.label ?? node.name); return text.length > 28 ? `${text.slice(0, 27)}…` : text; };
    const drawn = made.current!;
    drawn.style(styles() as never);
    drawn.elements().remove();
    drawn.add([
      ...part.nodes.map((node) => ({ data: { id: node.id, text: short(node), width: widthOf(short(node)) }, classes: `${node.kind}${opened.has(node.id) ? " opened" : ""}${node.id === chosen ? " chosen" : ""}` })),
      ...part.edges.map((edge, n) => ({ data: { id: `edge ${n}`, source: edge.from, target: edge.to, text: edge.kind === "has" && edge.text === "has" ? "" : edge.text }, classes: edge.kind })),
    ]);
    drawn.layout({ name: "dagre", rankDir: "LR", nodeSep: 14, rankSep: Math.min(340, 140 + Math.max(0, ...part.edges.map((edge) => widthOf(edge.text)))), edgeSep: 8, animate: false, fit: true, padding: 24 } as never).run();
    fan(drawn);
    if (drawn.zoom() > 1.2) { drawn.zoom(1.2); drawn.center(); }
  }, [part, chosen, theme]);
  return <div class="drawing" ref={place} role="img" aria-label="A drawing of what stands in the list beside it" />;
}

function styles() {
  const [ink, dim, paper, line, accent, bad, warn] = ["--ink", "--dim", "--panel", "--line", "--accent", "--bad", "--warn"].map(colour);
  return [
    { selector: "node", style: { label: "data(text)", "font-size": 12, "font-family": "system-ui, sans-serif", color: ink, "text-valign": "center", "text-halign": "center", width: "data(width)", height: 16, padding: "7px", shape: "round-rectangle", "background-color": paper, "border-width": 1.2, "border-color": line } },
    { selector: "node.person", style: { shape: "ellipse", "border-color": dim } },
    { selector: "node.integration", style: { shape: "hexagon", "border-color": dim } },
    { selector: "node.group", style: { "border-color": accent, "border-width": 2.4 } },
    { selector: "node.role", style: { "border-color": accent } },
    { selector: "node.resource", style: { shape: "rectangle", "border-style": "dotted", "border-color": dim } },
    { selector: "node.chosen", style: { "background-color": accent, color: paper, "border-color": accent } },
    { selector: "edge", style: { width: 1.2, "line-color": dim, "target-arrow-color": dim, "target-arrow-shape": "triangle", "arrow-scale": 0.8, "curve-style": "bezier", label: "data(text)", "font-size": 10, color: dim, "text-background-color": colour("--paper"), "text-background-opacity": 1, "text-background-padding": "2px" } },
    { selector: "edge.arrives, edge.leaves", style: { label: "", "curve-style": "unbundled-bezier", "edge-distances": "endpoints", "source-endpoint": "50% 0", "target-endpoint": "-50% 0", "control-point-weights": "data(weights)", "control-point-distances": "data(distances)" } },
    { selector: "edge.arrives", style: { "target-label": "data(text)", "target-text-offset": "data(offset)" } },
    { selector: "edge.leaves", style: { "source-label": "data(text)", "source-text-offset": "data(offset)" } },
    { selector: "edge.grants", style: { "line-color": accent, "target-arrow-color": accent } },
    { selector: "edge.in", style: { width: 2 } },
    { selector: "edge.denies", style: { "line-color": bad, "target-arrow-color": bad, "line-style": "dashed", color: bad } },
    { selector: "edge.assigns", style: { "line-color": warn, "target-arrow-color": warn, "line-style": "dotted", width: 2, color: warn } },
  ];
}
