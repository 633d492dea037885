import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { Jump } from "./code";
import type { PolicyDocument } from "./document";
import type { Asking } from "./live";
import { clock, instant, Model, type Moment, visible } from "./model";
import { Chip } from "./parts";
import { address, useRoute } from "./route";
import { Ask } from "./views/ask";
import { Agenda } from "./views/agenda";
import { Change } from "./views/change";
import { Editor } from "./views/editor";
import { Findings } from "./views/findings";
import { Graph } from "./views/graph";
import { Matrix } from "./views/matrix";
import { Person } from "./views/person";
import { Reviews } from "./views/reviews";

const ASK: [string, string] = ["ask", "Ask"];
const EDITOR: [string, string] = ["editor", "Editor"];
const VIEWS: [string, string][] = [
  ["matrix", "Matrix"], ["person", "Person"], ["graph", "Graph"], ["findings", "Findings"],
  ["agenda", "Agenda"], ["reviews", "Reviews"], ["change", "Change"],
];

export function App({ documents, live, notice, version = 0 }: { documents: PolicyDocument[]; live?: Asking; notice?: string | null; version?: number }) {
  const route = useRoute();
  const [number, choose] = useState(0);
  const doc = documents[number] ?? documents[0]!;
  const model = useMemo(() => new Model(doc), [doc]);
  const start = Date.parse(doc.now);
  const [picked, setAt] = useState<number | null>(null);
  const at = picked ?? start;
  const [place, setPlace] = useState<string | null>(null);
  useEffect(() => { setAt(null); setPlace(null); }, [number]);
  const moment: Moment = useMemo(() => ({ at, place }), [at, place]);
  const [theme, setTheme] = useTheme();
  const printing = usePrinting();
  const views = live ? [...VIEWS.filter(([name]) => name !== "change"), ASK, ...(live.editing ? [EDITOR] : [])] : VIEWS;
  const view = views.some(([name]) => name === route.view) ? route.view : "matrix";
  const title = views.find(([name]) => name === view)![1];
  const name = doc.policies.join(", ") || "policy set";
  useEffect(() => { document.title = `${title} · ${name}`; }, [title, name]);
  const counts: Record<string, number> = { findings: doc.findings.length, agenda: doc.agenda.overdue.length + doc.agenda.over.length, reviews: doc.reviews.length, change: doc.change?.report.changes.length ?? 0 };
  const moved = at !== start;
  const around = useContext(Jump);
  const jump = around ?? (live?.editing ? (path: string, line: number, column: number) => { location.hash = address("editor", path, { line: String(line), column: String(column) }); } : null);
  return (
    <Jump.Provider value={jump}>
      <a class="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById("content")?.focus(); }}>to the content</a>
      <header class="top">
        <div class="title">
          <strong>policylang</strong>
          {documents.length > 1
            ? <select aria-label="Policy set" value={number} onChange={(e) => choose(Number(e.currentTarget.value))}>{documents.map((each, n) => <option key={n} value={n}>{visible(each.policies.join(", ")).slice(0, 80)}</option>)}</select>
            : <bdi class="name set">{visible(name).slice(0, 120)}</bdi>}
        </div>
        <nav aria-label="Views">
          {views.map(([key, text]) => (
            <a key={key} href={address(key)} aria-current={key === view ? "page" : undefined}>{text}{counts[key] ? <span class="count">{counts[key]!.toLocaleString("en")}</span> : null}</a>
          ))}
        </nav>
        <div class="when">
          <label><span>as of</span> <input type="datetime-local" aria-label={`As of, in ${doc.timezone}`} value={clock(at, doc.timezone)} onChange={(e) => { if (e.currentTarget.value) setAt(instant(e.currentTarget.value, doc.timezone)); }} /></label>
          {doc.sites.length > 0 && (
            <label><span>at</span> <select aria-label="At a place" value={place ?? ""} onChange={(e) => setPlace(e.currentTarget.value || null)}>
              <option value="">any place</option>
              {doc.sites.map((site) => <option key={site.name} value={site.name}>{site.kind} {visible(site.name).slice(0, 60)}</option>)}
            </select></label>
          )}
          <button type="button" class="quiet print" onClick={() => print()}>print</button>
          <button type="button" class="quiet" onClick={() => setTheme(theme === "dark" ? "light" : "dark")} aria-label={`Use the ${theme === "dark" ? "light" : "dark"} theme`}>{theme === "dark" ? "light" : "dark"}</button>
        </div>
      </header>
      {(moved || place) && (
        <p class="notice" role="status">
          Shown is access {moved && <>at {clock(at, doc.timezone).replace("T", " ")}</>}{place && <> for records at <bdi>{visible(place)}</bdi></>}; findings, agenda and reviews are as of {clock(start, doc.timezone).replace("T", " ")}.
          <button type="button" class="quiet" onClick={() => { setAt(null); setPlace(null); }}>back</button>
        </p>
      )}
      {notice && <p class="notice" role="alert">{visible(notice)}</p>}
      <Restriction doc={doc} />
      <main id="content" tabIndex={-1}>
        {view === "matrix" && <Matrix model={model} moment={moment} route={route} printing={printing} />}
        {view === "person" && <Person model={model} moment={moment} route={route} />}
        {view === "graph" && <Graph model={model} moment={moment} route={route} theme={printing ? "paper" : theme} />}
        {view === "findings" && <Findings model={model} printing={printing} />}
        {view === "agenda" && <Agenda model={model} />}
        {view === "reviews" && <Reviews model={model} />}
        {view === "ask" && live && <Ask model={model} moment={moment} live={live} number={number} />}
        {view === "change" && <Change model={model} />}
        {view === "editor" && live?.editing && <Editor editing={live.editing} route={route} version={version} />}
      </main>
      <footer class="foot">
        <span>as of {clock(start, doc.timezone).replace("T", " ")} {doc.timezone}</span>
        <code class="digest" title="digest of the policy set">{doc.digest}</code>
        <span>policylang {doc.tool}</span>
      </footer>
    </Jump.Provider>
  );
}

function Restriction({ doc }: { doc: PolicyDocument }) {
  const { users, roles, resources } = doc.part;
  if (!users.length && !roles.length && !resources.length) return null;
  const said = [...users.map((each) => `user ${each}`), ...roles.map((each) => `role ${each}`), ...resources.map((each) => `resource ${each}`)];
  return <p class="notice">This is a part: {said.map((each) => <Chip key={each}>{visible(each).slice(0, 80)}</Chip>)}</p>;
}

function useTheme(): [string, (theme: string) => void] {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const [theme, set] = useState(dark.matches ? "dark" : "light");
  useEffect(() => {
    const changed = () => set(dark.matches ? "dark" : "light");
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  document.documentElement.dataset.theme = theme;
  return [theme, set];
}

function usePrinting(): boolean {
  const media = matchMedia("print");
  const [printing, set] = useState(media.matches);
  useEffect(() => {
    const changed = () => set(media.matches);
    const before = () => set(true);
    const after = () => set(false);
    media.addEventListener("change", changed);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      media.removeEventListener("change", changed);
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  return printing;
}
