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
    const byRule = new Map<string, Finding[]>();
    for (const each of kept) byRule.set(each.code, [...(byRule.get(each.code) ?? []), each]);
    const people = (each: Finding) => each.reach.users ?? 0;
    for (const each of byRule.values()) each.sort((a, b) => people(b) - people(a) || b.weight - a.weight);
    return [...byRule].sort(([a, as], [b, bs]) => RANKS[as[0]!.severity] - RANKS[bs[0]!.severity] || bs.length - as.length || a.localeCompare(b));
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

function RuleGroup({ model, code, list, open, printing }: { model: Model; code: string; list: Finding[]; open: boolean; printing: boolean }) {
  const [most, more] = useState(STEP);
  const [opened, toggle] = useState(open);
  const rule = model.doc.rules[code]!;
  const shown = printing ? list : list.slice(0, most);
  return (
    <details class={`rule rule-${list[0]!.severity}`} open={opened || printing} onToggle={(e) => toggle((e.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <h2><span class={`severity severity-${list[0]!.severity}`}>{list[0]!.severity}</span> <Words text={rule.summary} /> <span class="dim">{code} {rule.name}</span></h2>
        <span class="count">{list.length.toLocaleString("en")}</span>
      </summary>
      {(opened || printing) && (
        <>
          <p class="why-rule"><Words text={rule.why} /></p>
          {shown.map((each, n) => <One key={n} finding={each} />)}
          {shown.length < list.length && <button type="button" onClick={() => more(most + STEP)}>show more of {list.length.toLocaleString("en")}</button>}
        </>
      )}
    </details>
  );
}

function One({ finding }: { finding: Finding }) {
  const { reach } = finding;
  return (
    <article class="finding">
      <h3><Words text={finding.message} /></h3>
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
