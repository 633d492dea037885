import { Component } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { kindOf, Legend, Name, Search, Segments, Symbol, Why } from "../parts";
import { matches, type Column, type Model, type Moment, STATES, type Subject, visible } from "../model";
import { setOptions, type Route } from "../route";
import { useVirtual } from "../virtual";
import { Drawer } from "../drawer";

const ROW = 26;
const COLUMN = 26;
const HEAD = 132;
type Kind = "role" | "group" | "person";

export function Matrix({ model, moment, route, printing }: { model: Model; moment: Moment; route: Route; printing: boolean }) {
  const kinds = (["role", "group", "person"] as Kind[]).filter((kind) => model.of(kind).length);
  const wanted = (route.name || kinds[0] || "role") as Kind;
  const kind = kinds.includes(wanted) ? wanted : kinds[0] ?? "role";
  const option = (name: string) => route.options.get(name) ?? "";
  const [who, what] = [option("who"), option("what")];
  const rows = useMemo(
    () => model.of(kind).filter((each) => matches(each.text, who) && (kind !== "role" || !option("portal") || each.nested?.portal === option("portal"))),
    [model, kind, who, option("portal")],
  );
  const columns = useMemo(
    () => model.columns.filter((each) =>
      matches(each.text, what) && (!option("resource") || each.resource.name === option("resource")) &&
      (!option("kind") || (each.action.kind ?? "other") === option("kind")) && (!option("sensitive") || each.sensitive.length > 0)),
    [model, what, option("resource"), option("kind"), option("sensitive")],
  );
  const [picked, pick] = useState<[number, number] | null>(null);
  useEffect(() => pick(null), [kind, rows, columns]);
  const at = picked && rows[picked[0]] && columns[picked[1]] ? { subject: rows[picked[0]]!, column: columns[picked[1]]! } : null;
  const names: Record<Kind, string> = { role: "Roles", group: "Groups", person: "People" };
  return (
    <section class="view matrix">
      <header class="tools">
        <h1 class="hidden">Who may do what</h1>
        <Segments label="Rows" value={kind} options={kinds.map((each) => [each, `${names[each]} ${model.of(each).length.toLocaleString("en")}`])}
          onChange={(next) => (location.hash = `#/matrix/${next}?${route.options}`)} />
        <Search label={`Find ${names[kind].toLowerCase()}`} value={who} onInput={(value) => setOptions({ who: value })} />
        <Search label="Find actions" value={what} onInput={(value) => setOptions({ what: value })} />
        <select aria-label="Resource" value={option("resource")} onChange={(e) => setOptions({ resource: e.currentTarget.value })}>
          <option value="">every resource</option>
          {model.doc.resources.map((each) => <option key={each.name} value={each.name}>{visible(each.label ?? each.name).slice(0, 60)}</option>)}
        </select>
        <select aria-label="Kind of action" value={option("kind")} onChange={(e) => setOptions({ kind: e.currentTarget.value })}>
          <option value="">every action</option>
          {["view", "create", "modify", "delete", "other"].map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
        {kind === "role" && model.portals.length > 1 && (
          <select aria-label="Portal" value={option("portal")} onChange={(e) => setOptions({ portal: e.currentTarget.value })}>
            <option value="">every portal</option>
            {model.portals.map((each) => <option key={each} value={each}>{each}</option>)}
          </select>
        )}
        <label class="check"><input type="checkbox" checked={!!option("sensitive")} onChange={(e) => setOptions({ sensitive: e.currentTarget.checked ? "1" : null })} /> sensitive only</label>
      </header>
      <Legend />
      {printing
        ? <>
          {(rows.length < model.of(kind).length || columns.length < model.columns.length) && (
            <p>Filtered: {rows.length.toLocaleString("en")} of {model.of(kind).length.toLocaleString("en")} {names[kind].toLowerCase()}, {columns.length.toLocaleString("en")} of {model.columns.length.toLocaleString("en")} actions.</p>
          )}
          <Printed model={model} rows={rows} columns={columns} moment={moment} />
        </>
        : <div class="grid-body"><Grid model={model} rows={rows} columns={columns} moment={moment} only={!!option("sensitive")} picked={picked} pick={pick} />
      {at && (
        <Drawer onClose={() => pick(null)} title={<><Name of={at.subject.name} label={at.subject.label} /> <span class="dim">· {at.column.action.name} on</span> <Name of={at.column.resource.name} label={at.column.resource.label} /></>}>
          <Why model={model} subject={at.subject} column={at.column} moment={moment} />
        </Drawer>
      )}</div>}
    </section>
  );
}

function Grid({ model, rows, columns, moment, only, picked, pick }: {
  model: Model; rows: Subject[]; columns: Column[]; moment: Moment; only: boolean;
  picked: [number, number] | null; pick: (cell: [number, number] | null) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<[number, number]>([0, 0]);
  const [width, setWidth] = useState(220);
  useEffect(() => {
    const fit = () => setWidth(innerWidth < 600 ? 128 : innerWidth > 1800 ? 300 : 220);
    fit();
    addEventListener("resize", fit);
    return () => removeEventListener("resize", fit);
  }, []);
  const down = useVirtual(scroller, rows.length, ROW, false, HEAD);
  const across = useVirtual(scroller, columns.length, COLUMN, true, width);
  const seenRows = down.getVirtualItems();
  const seenColumns = across.getVirtualItems();
  const bands = useMemo(() => bandsOf(columns), [columns]);
  const first = seenColumns[0]?.index ?? 0;
  const last = seenColumns[seenColumns.length - 1]?.index ?? 0;
  const chunks = Array.from({ length: chunkOf(last) - chunkOf(first) + 1 }, (_, n) => chunkOf(first) + n);
  const latest = useRef(pick);
  latest.current = pick;
  const choose = useCallback((row: number, column: number) => { setActive([row, column]); latest.current([row, column]); }, []);

  const move = (event: KeyboardEvent) => {
    let [r, c] = active;
    const page = Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 300) - HEAD) / ROW) - 1);
    switch (event.key) {
      case "ArrowDown": r++; break;
      case "ArrowUp": r--; break;
      case "ArrowRight": c++; break;
      case "ArrowLeft": c--; break;
      case "PageDown": r += page; break;
      case "PageUp": r -= page; break;
      case "Home": c = 0; if (event.ctrlKey) r = 0; break;
      case "End": c = columns.length - 1; if (event.ctrlKey) r = rows.length - 1; break;
      case "Enter": case " ": event.preventDefault(); pick(active); return;
      case "Escape": pick(null); return;
      default: return;
    }
    event.preventDefault();
    r = Math.min(Math.max(r, 0), rows.length - 1);
    c = Math.min(Math.max(c, 0), columns.length - 1);
    setActive([r, c]);
    down.scrollToIndex(r);
    across.scrollToIndex(c);
    if (picked) pick([r, c]);
  };

  if (!rows.length || !columns.length) return <p class="empty">Nothing here has such a name. Clear a search or a filter.</p>;
  const [r, c] = [Math.min(active[0], rows.length - 1), Math.min(active[1], columns.length - 1)];
  return (
    <div class="grid" ref={scroller} role="grid" tabIndex={0} aria-label="Who may do what" aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1} aria-activedescendant={`cell-${r}-${c}`} onKeyDown={move}>
      <div class="canvas" role="presentation" style={{ "--side": `${width}px`, width: `${width + columns.length * COLUMN + 60}px`, height: `${HEAD + rows.length * ROW}px` }}>
        <div class="heads" role="row" aria-rowindex={1} style={{ height: `${HEAD}px` }}>
          <div class="corner" role="columnheader" aria-colindex={1} style={{ width: `${width}px` }}>{rows.length.toLocaleString("en")} × {columns.length.toLocaleString("en")}</div>
          {bands.filter((band) => band.end >= first && band.start <= last).map((band) => (
            <div key={band.start} class="band" role="presentation" style={{ left: `${width + band.start * COLUMN}px`, width: `${(band.end - band.start + 1) * COLUMN}px` }}>
              <span style={{ left: `${width + 4}px` }}><Name of={band.name} label={band.label} /></span>
            </div>
          ))}
          {chunks.map((chunk) => <Heads key={chunk} chunk={chunk} columns={columns} width={width} on={chunkOf(c) === chunk ? c : -1} />)}
        </div>
        {seenRows.map((item) => (
          <Row key={item.index} index={item.index} top={HEAD + item.start} subject={rows[item.index]!} columns={columns} first={chunks[0]!} last={chunks[chunks.length - 1]!}
            width={width} model={model} moment={moment} only={only} active={item.index === r ? c : -1} open={picked?.[0] === item.index ? picked[1] : -1} choose={choose} />
        ))}
      </div>
    </div>
  );
}

/** Columns are drawn by so many at a time: what scrolls in is drawn, and what stays is not looked at again. */
const CHUNK = 4;
const chunkOf = (column: number) => Math.floor(column / CHUNK);

abstract class Pure<P extends object> extends Component<P> {
  override shouldComponentUpdate(next: Readonly<P>): boolean {
    return (Object.keys(next) as (keyof P)[]).some((key) => next[key] !== this.props[key]);
  }
}

class Heads extends Pure<{ chunk: number; columns: Column[]; width: number; on: number }> {
  render({ chunk, columns, width, on }: Heads["props"]) {
    return columns.slice(chunk * CHUNK, (chunk + 1) * CHUNK).map((column, n) => {
      const index = chunk * CHUNK + n;
      return (
        <div key={index} class={`head${index === on ? " on" : ""}`} role="columnheader" aria-colindex={index + 2} style={{ left: `${width + index * COLUMN}px`, width: `${COLUMN}px` }}
          aria-label={`${column.action.name} on ${column.resource.label ?? column.resource.name}`} title={`${column.action.name} on ${visible(column.resource.name)}`}>
          <span>{column.action.name}</span>
        </div>
      );
    });
  }
}

interface RowProps {
  index: number; top: number; subject: Subject; columns: Column[]; first: number; last: number; width: number;
  model: Model; moment: Moment; only: boolean; active: number; open: number; choose: (row: number, column: number) => void;
}

class Row extends Pure<RowProps> {
  render({ index, top, subject, columns, first, last, width, model, moment, only, active, open, choose }: RowProps) {
    const chunks = [];
    for (let chunk = first; chunk <= last; chunk++)
      chunks.push(<Cells key={chunk} index={index} chunk={chunk} subject={subject} columns={columns} width={width} model={model} moment={moment} only={only}
        active={chunkOf(active) === chunk ? active : -1} open={chunkOf(open) === chunk ? open : -1} choose={choose} />);
    return (
      <div class={`row${active >= 0 ? " on" : ""}`} role="row" aria-rowindex={index + 2} style={{ top: `${top}px`, height: `${ROW}px` }}>
        <div class="subject" role="rowheader" aria-colindex={1} style={{ width: `${width}px` }} title={`${kindOf(subject)} ${visible(subject.name).slice(0, 200)}`}>
          <Name of={subject.name} label={subject.label} />
        </div>
        {chunks}
      </div>
    );
  }
}

class Cells extends Pure<Omit<RowProps, "top" | "first" | "last"> & { chunk: number }> {
  render({ index, chunk, subject, columns, width, model, moment, only, active, open, choose }: Cells["props"]) {
    const who = visible(subject.label ?? subject.name).slice(0, 80);
    return columns.slice(chunk * CHUNK, (chunk + 1) * CHUNK).map((column, n) => {
      const number = chunk * CHUNK + n;
      const state = model.state(subject, column, moment);
      const sensitive = model.sensitive(subject, column, moment).length > 0;
      return (
        <div key={number} id={`cell-${index}-${number}`} role="gridcell" aria-colindex={number + 2} aria-selected={number === open}
          class={`cell${number === active ? " active" : ""}${number === open ? " open" : ""}${only && !sensitive ? " faint" : ""}`}
          style={{ left: `${width + number * COLUMN}px`, width: `${COLUMN}px` }}
          aria-label={`${who}, ${column.action.name} on ${visible(column.resource.label ?? column.resource.name).slice(0, 80)}: ${STATES[state].name}${sensitive ? ", with sensitive fields" : ""}`}
          onClick={() => choose(index, number)}>
          {state !== "not" && <Symbol state={state} sensitive={sensitive} />}
        </div>
      );
    });
  }
}

function bandsOf(columns: Column[]) {
  const found: { name: string; label: string | null; start: number; end: number }[] = [];
  columns.forEach((column, n) => {
    const before = found[found.length - 1];
    if (before && before.name === column.resource.name) before.end = n;
    else found.push({ name: column.resource.name, label: column.resource.label, start: n, end: n });
  });
  return found;
}

const MOST = 40_000;

/** On paper: a table for each resource, of those who can do anything with it. */
function Printed({ model, rows, columns, moment }: { model: Model; rows: Subject[]; columns: Column[]; moment: Moment }) {
  let left = MOST;
  return (
    <>
      {bandsOf(columns).map((band) => {
        const shown = columns.slice(band.start, band.end + 1);
        const there = left > 0 ? rows.filter((row) => shown.some((each) => model.cell(row, each.number, moment.at))) : [];
        const kept = there.slice(0, Math.floor(left / shown.length));
        left -= kept.length * shown.length;
        if (!kept.length) return null;
        return (
          <table class="printed" key={band.start}>
            <caption><Name of={band.name} label={band.label} /></caption>
            <thead><tr><th scope="col">who</th>{shown.map((each) => <th scope="col" key={each.number}>{each.action.name}</th>)}</tr></thead>
            <tbody>
              {kept.map((row) => (
                <tr key={row.name}>
                  <th scope="row"><Name of={row.name} label={row.label} /></th>
                  {shown.map((each) => {
                    const state = model.state(row, each, moment);
                    return <td key={each.number}>{state !== "not" && <><Symbol state={state} /> {STATES[state].name}</>}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        );
      })}
      {left <= 0 && <p>More than {MOST.toLocaleString("en")} cells: the rest is left out on paper. Search or filter first, then print.</p>}
    </>
  );
}
