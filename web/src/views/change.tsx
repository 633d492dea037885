import type { Change as OneChange, Compared } from "../document";
import { type Model, visible } from "../model";
import { Chip, Empty, Name, Words } from "../parts";

const TITLES: Record<OneChange["kind"], [string, string]> = {
  gained: ["Gained", "what none of these could do before"],
  widened: ["Widened", "on more records than before"],
  narrowed: ["Narrowed", "on fewer records than before"],
  lost: ["Lost", "what none of these can do any more"],
};
const SIGNS = { gained: "+", widened: "↑", narrowed: "↓", lost: "−" } as const;

export function Change({ model }: { model: Model }) {
  const { change } = model.doc;
  if (!change) return (
    <section class="view reading"><header class="tools"><h1>Change</h1></header>
      <Empty>This report was compared with nothing. <code>policylang report --against main</code> says who gained and who lost access since then.</Empty></section>
  );
  const { report, old } = change;
  return (
    <section class="view reading">
      <header class="tools"><h1>Change</h1><span class="dim">since <code>{visible(old)}</code></span></header>
      {report.same_access && <Empty>Nobody can do more or less than before.</Empty>}
      {(Object.keys(TITLES) as OneChange["kind"][]).map((kind) => {
        const list = report.changes.filter((each) => each.kind === kind);
        return list.length > 0 && (
          <article key={kind} class={`change change-${kind}`}>
            <h2>{TITLES[kind][0]} <span class="dim">{TITLES[kind][1]}</span> <span class="count">{list.length}</span></h2>
            <div class="scrolling" tabIndex={0} role="region" aria-label={TITLES[kind][0]}>
              <table class="plain">
                <thead><tr><th scope="col"><span class="hidden">change</span></th><th scope="col">who</th><th scope="col">can do what</th><th scope="col">because</th><th scope="col">people</th></tr></thead>
                <tbody>{list.map((each) => <Line key={each.id} change={each} />)}</tbody>
              </table>
            </div>
          </article>
        );
      })}
      {report.statements.length > 0 && (
        <article class="change"><h2>Other changes <span class="count">{report.statements.length}</span></h2>
          <ul>{report.statements.map((each) => (
            <li key={each.id}><Chip tone={each.widens ? "warn" : ""}>{each.widens ? "widens" : "narrows"}</Chip> <Words text={each.subject} />
              {each.removed.map((line) => <div class="removed" key={line}>− <Words text={line} /></div>)}{each.added.map((line) => <div class="added" key={line}>+ <Words text={line} /></div>)}</li>
          ))}</ul></article>
      )}
      {report.notes.length > 0 && <article class="change"><h2>Changes nothing</h2><ul>{report.notes.map((each) => <li key={each}><Words text={each} /></li>)}</ul></article>}
    </section>
  );
}

function Line({ change }: { change: OneChange }) {
  return (
    <tr>
      <td class={`sign sign-${change.kind}`} aria-label={change.kind}>{SIGNS[change.kind]}</td>
      <th scope="row">{change.subjects.slice(0, 6).map((each, n) => <span key={n}>{n > 0 && ", "}<span class="dim">{each.kind}</span> <Name of={each.name} /></span>)}{change.subjects.length > 6 && ` and ${change.subjects.length - 6} more`}</th>
      <td>{change.permissions.map((each, n) => <div key={n}><b>{each.actions.join(", ")}</b>{each.fields && <> {each.fields.map((f) => <code key={f}>{f}</code>)}</>} on <Name of={each.resource} /></div>)}
        {change.unproved && <Chip tone="warn">not proved</Chip>}{change.incomplete && <Chip>incomplete records only</Chip>}
        <Example before={change.before} after={change.after} /></td>
      <td>{change.removed.map((line) => <div class="removed" key={line}>− <Words text={line} /></div>)}{change.added.map((line) => <div class="added" key={line}>+ <Words text={line} /></div>)}</td>
      <td>{change.users.length ? <span title={visible(change.users.slice(0, 50).join(", "))}>{change.users.length.toLocaleString("en")}</span> : <span class="dim">none yet</span>}</td>
    </tr>
  );
}

function Example({ before, after }: { before: Compared | null; after: Compared | null }) {
  if (!before || !after) return null;
  return (
    <details><summary>an example</summary>
      <p>{before.expected} before, {after.expected} now:</p>
      <table><tbody>{Object.entries(after.record).map(([name, value]) => <tr key={name}><th scope="row">{name}</th><td>{visible(typeof value === "string" ? value : JSON.stringify(value)).slice(0, 200)}</td></tr>)}</tbody></table>
    </details>
  );
}
