import { useMemo, useState } from "preact/hooks";
import type { Attribute } from "../document";
import type { Answer, Asking, Denied, ExplainedMoment, ExplainedWay, Limit, Required, Tested } from "../live";
import { type Model, type Moment, visible } from "../model";
import { Chip, Name, Words } from "../parts";

type Values = Record<string, string>;

export function Ask({ model, moment, live, number }: { model: Model; moment: Moment; live: Asking; number: number }) {
  const [user, setUser] = useState(model.people[0]?.name ?? "");
  const [resource, setResource] = useState(model.doc.resources[0]?.name ?? "");
  const of = model.doc.resources.find((each) => each.name === resource) ?? model.doc.resources[0];
  const [action, setAction] = useState("");
  const chosen = of?.actions.find((each) => each.name === action) ?? of?.actions[0];
  const [record, setRecord] = useState<Values>({});
  const [changes, setChanges] = useState<Values>({});
  const [request, setRequest] = useState<Values>({});
  const [answer, tell] = useState<Answer | null>(null);
  const [kept, keep] = useState<string | null>(null);
  const params = useMemo(() => ({
    set: number, user, action: chosen?.name, resource: of?.name,
    record: read(of?.attributes ?? [], record),
    request: read(model.doc.request, request),
    changes: chosen?.kind === "modify" && Object.values(changes).some((each) => each !== "") ? read(of?.attributes ?? [], changes) : undefined,
    now: new Date(moment.at).toISOString().replace(".000Z", "Z"),
  }), [number, user, chosen, of, record, changes, request, moment, model]);
  if (!of || !chosen) return <section class="view"><p class="empty">There is no resource to ask about.</p></section>;
  const submit = (event: Event) => {
    event.preventDefault();
    keep(null);
    void live.ask("explain", params).then(tell);
  };
  return (
    <section class="view split ask">
      <form onSubmit={submit} aria-label="A request">
        <h1>Ask</h1>
        <label>who <input list="people" value={user} onInput={(e) => setUser(e.currentTarget.value)} required /></label>
        <datalist id="people">{model.people.slice(0, 2000).map((each) => <option key={each.name} value={each.name}>{(each.label ?? "").slice(0, 80)}</option>)}</datalist>
        <label>does <select value={chosen.name} onChange={(e) => setAction(e.currentTarget.value)}>{of.actions.map((each) => <option key={each.name} value={each.name}>{each.name}</option>)}</select></label>
        <label>on <select value={of.name} onChange={(e) => { setResource(e.currentTarget.value); setRecord({}); setChanges({}); tell(null); }}>
          {model.doc.resources.map((each) => <option key={each.name} value={each.name}>{visible(each.label ?? each.name).slice(0, 60)}</option>)}
        </select></label>
        <Fields title="the record" attributes={of.attributes} values={record} change={setRecord} />
        {chosen.kind === "modify" && <Fields title="what would be written" attributes={of.attributes} values={changes} change={setChanges} />}
        <Fields title="the request" attributes={model.doc.request} values={request} change={setRequest} />
        <div class="buttons"><button type="submit" class="main">decide</button></div>
      </form>
      <article class="detail answer" aria-live="polite">
        {!answer && <p class="empty">Fill in what matters, and leave empty what the record lacks. The time is the one at the top.</p>}
        {answer?.error && <p class="error"><Words text={answer.error} /></p>}
        {answer?.explanation && (
          <>
            <h2 class={`decision ${answer.allowed ? "allowed" : "denied"}`}>
              {answer.allowed ? "allowed" : "denied"} <span>{visible(user)} {answer.allowed ? "may" : "may not"} {chosen.name} this <Name of={of.name} label={of.label} /></span>
            </h2>
            {answer.explanation.problem && <p class="error"><Words text={answer.explanation.problem} />{answer.explanation.did_you_mean && <> Did you mean <code>{answer.explanation.did_you_mean}</code>?</>}</p>}
            {answer.allowed && of.attributes.length > 0 && <p class="told">fields: {answer.explanation.decision.fields.join(", ") || "none"}</p>}
            {answer.explanation.moments.map((each) => <OneMoment key={each.when} moment={each} />)}
            {!answer.allowed && (
              <section class="smallest">
                <h3>The smallest change that would allow it</h3>
                {answer.explanation.smallest_change.length
                  ? <ul>{answer.explanation.smallest_change.map((each) => <li key={each.text}><Words text={each.text} /></li>)}</ul>
                  : <p class="dim">none was found</p>}
                {answer.explanation.ruled_out.length > 0 && (
                  <p class="dim"><Words text={`no values of ${answer.explanation.ruled_out.map((each) => `\`${each}\``).join(", ")} alone would allow it`} /></p>
                )}
              </section>
            )}
            {live.keeps && <p class="buttons">
              <button type="button" onClick={() => void live.ask("keep", params).then((found) => keep(found.error ?? `kept in ${found.path}`))}>keep as test</button>
              {kept && <span role="status"> {visible(kept)}</span>}
            </p>}
          </>
        )}
      </article>
    </section>
  );
}

/** What was filled in, as the decision takes it: texts, but for truths and sets. */
function read(attributes: Attribute[], values: Values): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const each of attributes) {
    const text = values[each.name] ?? "";
    if (text === "") continue;
    if (each.type.startsWith("a set of")) found[each.name] = text.split(",").map((item) => item.trim()).filter(Boolean);
    else if (each.type === "true or false") found[each.name] = text === "true";
    else if (/number/.test(each.type) && /^-?\d{1,15}$/.test(text)) found[each.name] = Number(text);
    else found[each.name] = text;
  }
  return found;
}

function Fields({ title, attributes, values, change }: { title: string; attributes: Attribute[]; values: Values; change: (values: Values) => void }) {
  if (!attributes.length) return null;
  const set = (name: string, value: string) => change({ ...values, [name]: value });
  return (
    <fieldset>
      <legend>{title}</legend>
      {attributes.map((each) => {
        const options = each.type === "true or false" ? ["true", "false"] : each.type.startsWith("one of ") ? each.type.slice(7).split(", ") : null;
        const value = values[each.name] ?? "";
        return (
          <label key={each.name}>
            <span>{each.name}{each.sensitive && <Chip tone="warn">sensitive</Chip>}</span>
            {options
              ? <select value={value} onChange={(e) => set(each.name, e.currentTarget.value)}><option value="" />{options.map((option) => <option key={option} value={option}>{option}</option>)}</select>
              : <input value={value} placeholder={each.type} onInput={(e) => set(each.name, e.currentTarget.value)} />}
          </label>
        );
      })}
    </fieldset>
  );
}

function Mark({ of }: { of: boolean | null }) {
  return <span class={`mark mark-${of}`} role="img" aria-label={of === null ? "unknown" : of ? "yes" : "no"}>{of === null ? "?" : of ? "✓" : "✗"}</span>;
}

function OneMoment({ moment }: { moment: ExplainedMoment }) {
  return (
    <section class="moment">
      {moment.when !== "as it is" && <h3>{moment.when}: {moment.open ? "open" : "closed"}</h3>}
      {moment.bypasses_policies && <p>The action bypasses policies: no limits apply.</p>}
      {!moment.ways.length && <p><Mark of={false} /> nothing grants it</p>}
      <ul class="tree">
        {moment.ways.map((way, n) => <OneWay key={n} way={way} />)}
        {moment.left_out > 0 && <li>and {moment.left_out} more</li>}
        {moment.requires && <Requirement of={moment.requires} lead="it requires " />}
        {moment.appends.map((each) => <OneLimit key={each.instance} limit={each} />)}
        {moment.denies.filter((each) => each.applies).map((each, n) => <Deny key={n} deny={each} />)}
      </ul>
    </section>
  );
}

function At({ at }: { at: string | null }) {
  return at ? <span class="where"> {visible(at.replace(/-\d+:\d+$/, ""))}</span> : null;
}

function OneWay({ way }: { way: ExplainedWay }) {
  return (
    <li>
      <Mark of={way.open} /> <b><Words text={way.source} /></b> grants it{way.chain.length > 1 && <> through <Words text={way.chain.slice(1).join(" > ")} /></>}<At at={way.at} />
      <ul>
        <li class="dim"><Words text={way.given.text} /><At at={way.given.at} /></li>
        {way.obstacles.map((each, n) => <li key={n}><Mark of={each.truth} /> <Words text={each.text} /><At at={each.at} /><Tests tests={each.tests} /></li>)}
        {way.held.map((each) => <OneLimit key={each.instance} limit={each} />)}
      </ul>
    </li>
  );
}

function OneLimit({ limit }: { limit: Limit }) {
  return <li><Mark of={limit.truth} /> <Words text={`\`${limit.instance}\``} /> {limit.truth === null ? "is unknown" : limit.truth ? "holds" : "is false"}: <code>{visible(limit.condition)}</code><At at={limit.attached} /><Tests tests={limit.tests} /></li>;
}

function Tests({ tests }: { tests: Tested[] }) {
  return tests.length ? <ul>{tests.map((each, n) => <li key={n} class="dim"><Words text={each.text} /></li>)}</ul> : null;
}

function Requirement({ of, lead = "" }: { of: Required; lead?: string }) {
  return <li><Mark of={of.met} /> {lead}<Words text={of.text} />{of.items.length > 0 && <ul>{of.items.map((each, n) => <Requirement key={n} of={each} />)}</ul>}</li>;
}

function Deny({ deny }: { deny: Denied }) {
  return <li><Mark of={false} /> <Words text={deny.said_by} /> {deny.fields ? `takes ${deny.fields.join(", ")} away` : "denies it"}{deny.condition && <>: <code>{visible(deny.condition)}</code></>}<At at={deny.at} /></li>;
}
