import { useMemo, useState } from "preact/hooks";
import type { Finding } from "../document";
import { fold, type Model, visible } from "../model";
import { Chip, Copy, Empty, Line, Search, Segments, Words } from "../parts";

const RANKS = { error: 0, warning: 1, info: 2 } as const;
const STEP = 50;

export function Findings({ model, printing }: { model: Model; printing: boolean }) {
  const all = model.doc.findings;
  const [query, set] = useState("");
  const [severity, choose] = useState<"" | Finding["severity"]>("");
  const found = useMemo(() => {
    const kept = all.filter((each) => (!severity || each.severity === severity) && fold(query).split(/\s+/).every((word) => fold(`${each.code} ${each.name} ${each.message} ${each.path}`).includes(word)));
    const people = (each: Finding) => each.reach.users ?? 0;
    kept.sort((a, b) => RANKS[a.severity] - RANKS[b.severity] || people(b) - people(a) || b.weight - a.weight);
    const rules = grouped(kept, (each) => each.code);
    return rules.sort(([a], [b]) => RANKS[a!.severity] - RANKS[b!.severity]).map((list) => [list[0]!.code, list] as const);
  }, [all, query, severity]);
  const count = (of: Finding["severity"]) => all.filter((each) => each.severity === of).length;
  return (
    <section class="view reading">
      <header class="tools">
        <h1>Findings</h1>
        <Segments label="Severity" value={severity} options={[["", `all ${all.length}`], ["error", `errors ${count("error")}`], ["warning", `warnings ${count("warning")}`], ["info", `infos ${count("info")}`]]} onChange={choose} />
        <Search label="Find findings" value={query} onInput={set} />
      </header>
      {!all.length && <Empty>The rules find nothing in this policy set.</Empty>}
      {all.length > 0 && !found.length && <Empty>No finding says that.</Empty>}
      {found.map(([code, list]) => <RuleGroup key={code} model={model} code={code} list={list} open={printing || found.length < 6} printing={printing} />)}
    </section>
  );
}

/** Lists of what has the same key, in the order of the first of each. */
function grouped(list: Finding[], key: (each: Finding) => string): Finding[][] {
  const found = new Map<string, Finding[]>();
  for (const each of list) {
    const there = found.get(key(each));
    if (there) there.push(each);
    else found.set(key(each), [each]);
  }
  return [...found.values()];
}

function RuleGroup({ model, code, list, open, printing }: { model: Model; code: string; list: Finding[]; open: boolean; printing: boolean }) {
  const [most, more] = useState(STEP);
  const [opened, toggle] = useState(open);
  const rule = model.doc.rules[code]!;
  const causes = useMemo(() => grouped(list, (each) => (each.cause ? `${each.path} ${each.cause}` : `${each.path}:${each.line}:${each.column}`)), [list]);
  const shown = printing ? list.length : Math.min(most, list.length);
  let left = shown;
  return (
    <details class={`rule rule-${list[0]!.severity}`} open={opened || printing} onToggle={(e) => toggle((e.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <h2><span class={`severity severity-${list[0]!.severity}`}>{list[0]!.severity}</span> <Words text={rule.summary} /> <span class="dim">{code} {rule.name}</span></h2>
        <span class="count">{list.length.toLocaleString("en")}</span>
      </summary>
      {(opened || printing) && (
        <>
          <p class="why-rule"><Words text={rule.why} /></p>
          {causes.map((each, n) => {
            const part = each.slice(0, left);
            left -= part.length;
            return part.length > 0 && <Cause key={n} list={part} count={each.length} />;
          })}
          {shown < list.length && <button type="button" onClick={() => more(most + STEP)}>show more of {list.length.toLocaleString("en")}</button>}
        </>
      )}
    </details>
  );
}

/** What one declaration gives rise to. */
function Cause({ list, count }: { list: Finding[]; count: number }) {
  if (count === 1) return <One finding={list[0]!} />;
  return (
    <section class="cause">
      <h3>in <code><bdi>{visible(list[0]!.cause).slice(0, 300)}</bdi></code> <span class="count">{count.toLocaleString("en")}</span></h3>
      {list.map((each, n) => <One key={n} finding={each} inside />)}
    </section>
  );
}

function One({ finding, inside = false }: { finding: Finding; inside?: boolean }) {
  const { reach } = finding;
  const Heading = inside ? "h4" : "h3";
  return (
    <article class="finding">
      <Heading><Words text={finding.message} /></Heading>
      <p class="facts">
        <Line place={[finding.path, finding.line, finding.column, ""]} />
        {reach.users !== null && reach.users > 0 && <Chip>{reach.users.toLocaleString("en")} {reach.users === 1 ? "person" : "people"}</Chip>}
        {reach.records && <Chip>{reach.records} records</Chip>}
        {reach.sensitive.length > 0 && <Chip tone="warn">sensitive: {reach.sensitive.slice(0, 3).join(", ")}</Chip>}
        {finding.proved && <Chip tone="good">proved</Chip>}
        {finding.unproved && <Chip tone="warn">not settled</Chip>}
      </p>
      {finding.proved && <p class="proof"><b>proved</b> <Words text={finding.proved} /></p>}
      {finding.shown.map((witness, n) => (
        <figure key={n} class={`witness ${witness.headline.startsWith("allowed") ? "allowed" : "denied"}`}>
          <figcaption><Words text={witness.headline} /></figcaption>
          {witness.particulars.length > 0 && (
            <table><tbody>{witness.particulars.map(([name, value]) => <tr key={name}><th scope="row">{visible(name)}</th><td>{visible(value).slice(0, 300)}</td></tr>)}</tbody></table>
          )}
          <details class="command"><summary>decide it again</summary><pre tabIndex={0}>{visible(witness.command)}</pre><Copy text={witness.command} /></details>
        </figure>
      ))}
      {finding.help && <p class="help"><b>help</b> <Words text={finding.help} /></p>}
      {finding.suggestion && <p class="help"><b>possible</b> <Words text={finding.suggestion} /></p>}
      {finding.suggested_role && <pre tabIndex={0} class="source">{visible(finding.suggested_role)}</pre>}
      {finding.related.length > 0 && (
        <ul class="related">
          {finding.related.map((each, n) => <li key={n}><Line place={[each.path, each.line, each.column, ""]} /> <Words text={each.message} /></li>)}
        </ul>
      )}
    </article>
  );
}
