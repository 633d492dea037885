// What the views share: names, symbols, statements with their lines.
import type { ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";
import { Jump } from "./code";
import type { Cell, Place } from "./document";
import { fieldsInWords, visible, type Column, type Model, type Moment, type State, STATES, type Subject } from "./model";
import { address } from "./route";

/** A name out of a policy set: of any length and in any script. */
export function Name({ of, label }: { of: string; label?: string | null }) {
  const shown = visible(label || of);
  return <bdi class="name" title={shown.length > 24 ? shown.slice(0, 500) : undefined}>{shown.slice(0, 300)}</bdi>;
}

/** Words with `names` in backticks. */
export function Words({ text }: { text: string }) {
  const parts = visible(text).split(/`([^`]*)`/);
  return <>{parts.map((part, n) => (n % 2 ? <code key={n}><bdi>{part.slice(0, 300)}</bdi></code> : part))}</>;
}

export function Symbol({ state, sensitive }: { state: State; sensitive?: boolean }) {
  return <span class={`sym sym-${state}${sensitive ? " sym-sensitive" : ""}`} aria-hidden="true" />;
}

export function Legend() {
  return (
    <ul class="legend" aria-label="What the symbols mean">
      {(Object.keys(STATES) as State[]).map((state) => (
        <li key={state} title={STATES[state].says}><Symbol state={state} /> {STATES[state].name}</li>
      ))}
      <li title="the access includes a field that is marked sensitive"><Symbol state="all" sensitive /> with sensitive fields</li>
    </ul>
  );
}

/** A link to a line. The lines themselves open below it. */
export function Line({ place, open = false }: { place: Place; open?: boolean }) {
  const [path, line, column, text] = place;
  const where = `${visible(path)}:${line}:${column}`;
  const jump = useContext(Jump);
  const edit = jump && <button type="button" class="link edit" aria-label={`Edit ${where.slice(0, 200)}`} onClick={() => jump(path, line, column)}>edit</button>;
  if (!text) return <span class="line"><span class="where">{where}</span> {edit}</span>;
  return (
    <div class="line">
      <details open={open}>
        <summary><span class="where">{where}</span></summary>
        <Source text={text} first={line} />
      </details>
      {edit}
    </div>
  );
}

export function Source({ text, first }: { text: string; first: number }) {
  const lines = text.split("\n");
  const indent = Math.min(...lines.filter((each) => each.trim()).map((each) => each.length - each.trimStart().length), 40);
  return (
    <pre class="source" tabIndex={0}>
      {lines.map((each, n) => (
        <code key={n}><span class="number">{first + n}</span>{visible(each.slice(indent))}{"\n"}</code>
      ))}
    </pre>
  );
}

export function Chip({ children, tone }: { children: ComponentChildren; tone?: string }) {
  return <span class={`chip${tone ? ` chip-${tone}` : ""}`}>{children}</span>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Segments<T extends string>({ label, value, options, onChange }: {
  label: string; value: T; options: [T, string][]; onChange: (value: T) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>{text}</button>
      ))}
    </div>
  );
}

export function Search({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }) {
  return (
    <input type="search" aria-label={label} placeholder={label} value={value} onInput={(e) => onInput(e.currentTarget.value)} />
  );
}

export function Copy({ text }: { text: string }) {
  const [done, set] = useState(false);
  const copy = () => navigator.clipboard?.writeText(text).then(() => { set(true); setTimeout(() => set(false), 1500); });
  return <button type="button" class="quiet" onClick={copy}>{done ? "copied" : "copy"}</button>;
}

export function kindOf(subject: Subject): string {
  return subject.person ? (subject.person.integration ? "integration" : "user") : subject.kind;
}

/** Dates of an assignment: ``from 2026-01-01 until 2026-03-31``. */
export function dates(start?: string | null, until?: string | null): string {
  return [start ? `from ${start}` : "", until ? `until ${until}` : ""].filter(Boolean).join(" ");
}

// --- why ---------------------------------------------------------------------------------------------------------

/** Why a cell is as it is: each way with its limits, its denies and its lines. */
export function Why({ model, subject, column, moment }: { model: Model; subject: Subject; column: Column; moment: Moment }) {
  const cell = model.cell(subject, column.number, moment.at);
  const state = model.state(subject, column, moment);
  const reached = model.sensitive(subject, column, moment);
  return (
    <div class="why">
      <p class="verdict"><Symbol state={state} sensitive={reached.length > 0} /> <b>{STATES[state].name}</b>: {STATES[state].says}</p>
      {column.action.requires && <p>The action requires <Words text={column.action.requires} />.</p>}
      {reached.length > 0 && <p>Sensitive fields it reaches: {reached.map((name, n) => <>{n > 0 && ", "}<code>{name}</code></>)}.</p>}
      <Reasons model={model} cell={cell} subject={subject} column={column} moment={moment} />
      <p class="more">
        {subject.person
          ? <a href={address("person", subject.name)}>everything <Name of={subject.name} label={subject.label} /> may do</a>
          : <a href={address("graph", `${subject.kind}:${subject.name}`)}>{subject.kind} <Name of={subject.name} label={subject.label} /> in the graph</a>}
      </p>
    </div>
  );
}

function Reasons({ model, cell, subject, column, moment }: {
  model: Model; cell: Cell | undefined; subject: Subject; column: Column; moment: Moment;
}) {
  if (!cell) return <p>{subject.person ? "None of their groups and roles grants it." : "Neither it nor a role inside it grants it."}</p>;
  if (cell.state === "denied") return (
    <>
      <p>It is granted, and a deny takes it away altogether:</p>
      {(cell.denies ?? []).map((at) => <Line key={at} place={model.place(at)} open />)}
    </>
  );
  if (cell.state === "unmet") return <p>It is granted, but nothing gives what the action requires.</p>;
  if (cell.state === "nowhere") return <p>It is granted at a place where no record of this kind can be.</p>;
  const ways = model.ways(cell, moment.place);
  if (!ways.length) return <p>It is granted at other places only.</p>;
  return (
    <ol class="ways">
      {ways.map((way, n) => {
        const limits = model.limits(way, moment.place);
        const denies = model.denies(way);
        const held = subject.person?.held?.filter((h) => h.kind === way.kind && h.name === way.name && (h.place ?? undefined) === way.place) ?? [];
        const when = held.map((h) => dates(h.start, h.until)).filter(Boolean);
        return (
          <li key={n}>
            <p class="by"><Name of={way.source} />{when.length > 0 && <span class="dim"> {when.join(" and ")}</span>}</p>
            <dl>
              {column.resource.attributes.length > 0 && <><dt>fields</dt><dd>{fieldsInWords(column.resource, way.fields)}</dd></>}
              <dt>records</dt>
              <dd>{limits.length ? <ul>{limits.map((each) => <li key={each}><Words text={each} /></li>)}</ul> : "every record"}</dd>
              {denies.length > 0 && <><dt>never</dt><dd><ul>{denies.map((each) => <li key={each}><Words text={each} /></li>)}</ul></dd></>}
              <dt>granted</dt>
              <dd>{(way.grants ?? []).map((at) => <Line key={at} place={model.place(at)} open={ways.length < 3} />)}</dd>
            </dl>
          </li>
        );
      })}
    </ol>
  );
}
