import { useMemo, useRef, useState } from "preact/hooks";
import type { Way } from "../document";
import { clock, fieldsInWords, holds, matches, type Column, type Model, type Moment, type State, STATES, type Subject } from "../model";
import { Chip, dates, Empty, kindOf, Line, Name, Search, Symbol, Why, Words } from "../parts";
import { address, setOptions, type Route } from "../route";
import { useVirtual } from "../virtual";

export function Person({ model, moment, route }: { model: Model; moment: Moment; route: Route }) {
  const subject = model.subject("person", route.name) ?? model.people[0];
  if (!subject) return <section class="view"><Empty>There are no users and no integrations here.</Empty></section>;
  return (
    <section class="view split">
      <People model={model} chosen={subject} options={route.options} />
      <article class="detail" tabIndex={-1}>
        <Heading model={model} subject={subject} />
        <Sources model={model} subject={subject} moment={moment} />
        <Access model={model} subject={subject} moment={moment} route={route} />
      </article>
    </section>
  );
}

function People({ model, chosen, options }: { model: Model; chosen: Subject; options: URLSearchParams }) {
  const [query, set] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const found = useMemo(() => model.people.filter((each) => matches(each.text, query)), [model, query]);
  const list = useVirtual(scroller, found.length, 44);
  return (
    <nav class="list" aria-label="People">
      <Search label={`Find one of ${model.people.length.toLocaleString("en")}`} value={query} onInput={set} />
      <div class="scroll" ref={scroller} tabIndex={-1}>
        <ul style={{ height: `${list.getTotalSize()}px` }}>
          {list.getVirtualItems().map((item) => {
            const each = found[item.index]!;
            return (
              <li key={each.name} style={{ top: `${item.start}px` }}>
                <a href={address("person", each.name, Object.fromEntries(options))} aria-current={each === chosen ? "page" : undefined}>
                  <Name of={each.name} label={each.label} />
                  <span class="dim"><Name of={each.label ? each.name : kindOf(each)} /></span>
                </a>
              </li>
            );
          })}
        </ul>
      </div>
    </nav>
  );
}

function Heading({ model, subject }: { model: Model; subject: Subject }) {
  const person = subject.person!;
  return (
    <header class="heading">
      <h1><Name of={subject.name} label={subject.label} /></h1>
      <p class="chips">
        {subject.label && <span class="dim"><Name of={subject.name} /></span>}
        <Chip>{kindOf(subject)}</Chip>
        {person.superuser && <Chip tone="warn">superuser</Chip>}
        {person.terminated && <Chip tone="bad">terminated</Chip>}
        {person.job && <Chip>job {person.job}</Chip>}
        <a href={address("graph", `person:${subject.name}`)}>graph</a>
        <Line place={model.place(subject.at)} />
      </p>
      {person.own?.map((each) => <p key={each}>{subject.label ?? subject.name} {each}.</p>)}
    </header>
  );
}

function Sources({ model, subject, moment }: { model: Model; subject: Subject; moment: Moment }) {
  const held = subject.person!.held ?? [];
  const local = clock(moment.at, model.doc.timezone);
  if (!held.length) return <Empty>No group and no role is given to them: they may do nothing.</Empty>;
  return (
    <div class="scrolling" tabIndex={0} role="region" aria-label="Groups and roles">
      <table class="plain">
        <caption>Groups and roles</caption>
        <thead><tr><th scope="col">what</th><th scope="col">how</th><th scope="col">where</th><th scope="col">when</th><th scope="col">why</th><th scope="col">approved by</th><th scope="col">line</th></tr></thead>
        <tbody>
          {held.map((each, n) => {
            const active = holds(each, local);
            return (
              <tr key={n} class={active ? "" : "off"}>
                <th scope="row"><span class="dim">{each.kind}</span> <a href={address("graph", `${each.kind}:${each.name}`)}><Name of={each.name} /></a>{!active && <Chip>{each.lost ? "lost: terminated" : "not now"}</Chip>}</th>
                <td>{each.by === "assignment" ? "assigned" : `by ${each.by}`}</td>
                <td>{each.place ? <Name of={each.place} /> : "everywhere"}</td>
                <td>{dates(each.start, each.until) || "always"}</td>
                <td>{each.because ? <Words text={each.because} /> : <span class="dim">not said</span>}</td>
                <td>{each.approved ? <Name of={each.approved} /> : <span class="dim">not said</span>}</td>
                <td><Line place={model.place(each.at[0]!)} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function other(model: Model, said: string): Subject | undefined {
  const [kind = "", ...rest] = said.split(":");
  return model.subject(kind, rest.join(":"));
}

function Access({ model, subject, moment, route }: { model: Model; subject: Subject; moment: Moment; route: Route }) {
  const [opened, open] = useState<number | null>(null);
  const against = other(model, route.options.get("with") ?? "");
  const then = route.options.get("then");
  const second: [Subject, Moment] | null = against ? [against, moment] : then ? [subject, { ...moment, at: Date.parse(then) }] : null;
  const local = clock(moment.at, model.doc.timezone);
  const alone = (subject.person!.held ?? [])
    .filter((each) => holds(each, local))
    .map((each) => model.subject(each.kind, each.name))
    .filter((each, n, all): each is Subject => !!each && all.indexOf(each) === n);
  const several = alone.length > 1 ? alone : [];
  const rows = model.columns
    .map((column) => ({ column, state: model.state(subject, column, moment), other: second && model.state(second[0], column, second[1]) }))
    .filter((each) => each.state !== "not" || (each.other && each.other !== "not") || several.some((s) => model.cell(s, each.column.number, moment.at)));
  const differing = rows.filter((each) => each.other && each.other !== each.state).length;
  const spans = subject.person!.spans.flatMap((span) => (span[0] ? [span[0]] : []));
  return (
    <>
      <div class="tools">
        <h2>What they may do</h2>
        <label>compare with <input list="subjects" aria-label="Compare with a person, a role or a group" value={route.options.get("with") ?? ""} placeholder="person:…, role:…, group:…"
          onChange={(e) => setOptions({ with: e.currentTarget.value, then: null })} /></label>
        <datalist id="subjects">
          {[...model.roles, ...model.groups, ...model.people.slice(0, 500)].map((each) => <option key={each.kind + each.name} value={`${each.kind}:${each.name}`}>{(each.label ?? "").slice(0, 80)}</option>)}
        </datalist>
        {spans.length > 0 && (
          <select aria-label="Compare with another date" value={then ?? ""} onChange={(e) => setOptions({ then: e.currentTarget.value, with: null })}>
            <option value="">another date</option>
            {spans.map((at) => <option key={at} value={at}>from {at.slice(0, 10)}</option>)}
          </select>
        )}
        {second && <button type="button" class="quiet" onClick={() => setOptions({ with: null, then: null })}>compare no more</button>}
      </div>
      {second && <p class="told">{differing ? `${differing} actions differ.` : "They may do the same."}</p>}
      {!rows.length && <Empty>Nothing, at this time and place.</Empty>}
      {rows.length > 0 && (
        <div class="scrolling" tabIndex={0} role="region" aria-label="What they may do">
          <table class="plain access">
            <thead>
              <tr>
                <th scope="col">action</th>
                <th scope="col">may</th>
                {second && <th scope="col">{against ? <Name of={against.name} label={against.label} /> : "then"}</th>}
                <th scope="col">fields</th><th scope="col">only records where</th><th scope="col">from</th>
                {several.map((each) => <th scope="col" class="alone" key={each.kind + each.name}><span class="dim">alone:</span> <Name of={each.name} label={each.label} /></th>)}
                {several.length > 0 && <th scope="col">stacking</th>}
              </tr>
            </thead>
            {groups(rows).map(([resource, lines]) => (
              <tbody key={resource.name}>
                <tr class="group"><th colSpan={6 + (second ? 1 : 0) + several.length + (several.length ? 1 : 0)} scope="rowgroup"><Name of={resource.name} label={resource.label} /></th></tr>
                {lines.map((each) => (
                  <AccessRow key={each.column.number} model={model} subject={subject} moment={moment} row={each} several={several} second={second}
                    opened={opened === each.column.number} open={() => open(opened === each.column.number ? null : each.column.number)} />
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  );
}

interface Row { column: Column; state: State; other: State | null }

function groups(rows: Row[]): [Column["resource"], Row[]][] {
  const found = new Map<Column["resource"], Row[]>();
  for (const each of rows) found.set(each.column.resource, [...(found.get(each.column.resource) ?? []), each]);
  return [...found];
}

function AccessRow({ model, subject, moment, row, several, second, opened, open }: {
  model: Model; subject: Subject; moment: Moment; row: Row; several: Subject[]; second: [Subject, Moment] | null; opened: boolean; open: () => void;
}) {
  const { column, state } = row;
  const ways = model.ways(model.cell(subject, column.number, moment.at), moment.place);
  const alone = several.map((each) => model.state(each, column, moment));
  const best = Math.max(0, ...alone.map((each) => STATES[each].rank));
  const stacking = !several.length ? "" : STATES[state].rank > best ? "adds" : STATES[state].rank < best ? "takes away" : "";
  const lines = linesOf(model, column, ways, moment);
  const [first, ...others] = lines.length ? lines : [{ fields: "", records: "", source: "" }];
  const span = Math.max(1, lines.length);
  const none = state === "denied" || state === "unmet" || state === "not";
  return (
    <>
      <tr class={row.other && row.other !== state ? "differs" : ""}>
        <th scope="row" rowSpan={span}><button type="button" class="link" aria-expanded={opened} onClick={open}>{column.action.name}</button></th>
        <td class="state" rowSpan={span}><Symbol state={state} sensitive={model.sensitive(subject, column, moment).length > 0} /> {STATES[state].name}</td>
        {second && <td class="state" rowSpan={span}><Symbol state={row.other!} /> {STATES[row.other!].name}</td>}
        {none ? <><td /><td /><td /></> : <WayCells line={first!} />}
        {alone.map((each, n) => <td class="state alone" key={n} rowSpan={span}><Symbol state={each} /><span class="hidden">{STATES[each].name}</span></td>)}
        {several.length > 0 && <td rowSpan={span}>{stacking && <Chip tone={stacking === "adds" ? "warn" : ""}>{stacking}</Chip>}</td>}
      </tr>
      {others.map((line, n) => <tr key={n} class={row.other && row.other !== state ? "differs" : ""}><WayCells line={line} /></tr>)}
      {opened && <tr class="opened"><td colSpan={20}><Why model={model} subject={subject} column={column} moment={moment} /></td></tr>}
    </>
  );
}

interface WayLine { fields: string; records: string; source: string }

/** The ways in words, each once. */
function linesOf(model: Model, column: Column, ways: Way[], moment: Moment): WayLine[] {
  const found = new Map<string, WayLine>();
  for (const way of ways) {
    const records = [...model.limits(way, moment.place), ...model.denies(way).map((each) => `not: ${each}`)].join("; ");
    const line = { fields: fieldsInWords(column.resource, way.fields), records, source: way.source };
    found.set(JSON.stringify(line), line);
  }
  return [...found.values()];
}

function WayCells({ line }: { line: WayLine }) {
  return (
    <>
      <td>{line.fields}</td>
      <td>{line.records ? <Words text={line.records} /> : <span class="dim">every record</span>}</td>
      <td><Name of={line.source} /></td>
    </>
  );
}
