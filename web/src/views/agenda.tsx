import type { Entry } from "../document";
import { type Model, visible } from "../model";
import { Chip, Empty, Name, Words } from "../parts";
import { address } from "../route";

const KINDS: Record<Entry["kind"], string> = { review: "review", end: "ends", start: "begins", suppression_end: "ignoring ends" };

export function Agenda({ model }: { model: Model }) {
  const { agenda } = model.doc;
  const late = [...agenda.overdue, ...agenda.over];
  const months = new Map<string, Entry[]>();
  for (const each of agenda.coming) {
    const month = each.day!.slice(0, 7);
    months.set(month, [...(months.get(month) ?? []), each]);
  }
  return (
    <section class="view reading">
      <header class="tools"><h1>Agenda</h1><span class="dim">from {agenda.today} to {agenda.last}, days in {agenda.timezone}</span></header>
      {!late.length && !agenda.coming.length && <Empty>Nothing ends, begins or is due in this time.</Empty>}
      {late.length > 0 && (
        <article class="month late">
          <h2>Overdue and over <span class="count">{late.length.toLocaleString("en")}</span></h2>
          <List model={model} entries={late} />
        </article>
      )}
      {[...months].map(([month, entries]) => (
        <article class="month" key={month}>
          <h2>{name(month)} <span class="count">{entries.length.toLocaleString("en")}</span></h2>
          <div class="with-calendar">
            <Month month={month} entries={entries} today={agenda.today} />
            <List model={model} entries={entries} />
          </div>
        </article>
      ))}
    </section>
  );
}

function name(month: string): string {
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(Date.parse(`${month}-01T00:00:00Z`));
}

function Month({ month, entries, today }: { month: string; entries: Entry[]; today: string }) {
  const first = new Date(`${month}-01T00:00:00Z`);
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const before = (first.getUTCDay() + 6) % 7;
  const cells = [...Array<null>(before).fill(null), ...Array.from({ length: days }, (_, n) => n + 1)];
  const on = (day: number) => `${month}-${String(day).padStart(2, "0")}`;
  const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, n) => cells.slice(n * 7, n * 7 + 7));
  return (
    <table class="calendar" aria-label={name(month)}>
      <thead><tr>{["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].map((each) => <th scope="col" key={each}>{each}</th>)}</tr></thead>
      <tbody>
        {weeks.map((week, n) => (
          <tr key={n}>
            {week.map((day, m) => {
              const there = day === null ? [] : entries.filter((each) => each.day === on(day));
              return (
                <td key={m} class={`${there.length ? "marked" : ""}${day !== null && on(day) === today ? " today" : ""}`} title={there.length ? `${there.length} on ${on(day!)}` : undefined}>
                  {day}{there.length > 0 && <span class="dots" aria-label={`${there.length} events`} role="img">{[...new Set(there.map((each) => each.kind))].map((kind) => <i key={kind} class={`dot dot-${kind}`} />)}</span>}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Entries that differ only in the user are one line. */
function grouped(entries: Entry[]): { first: Entry; users: Entry[] }[] {
  const found = new Map<string, { first: Entry; users: Entry[] }>();
  entries.forEach((each, n) => {
    const alike = each.kind === "end" || each.kind === "start";
    const key = alike ? JSON.stringify([each.kind, each.day, each.role, each.place, each.until, each.because, each.approved_by]) : String(n);
    const same = found.get(key);
    if (same) same.users.push(each);
    else found.set(key, { first: each, users: alike ? [each] : [] });
  });
  return [...found.values()];
}

const MOST = 6;

function List({ model, entries }: { model: Model; entries: Entry[] }) {
  return (
    <ul class="events">
      {grouped(entries).map(({ first, users }, n) => (
        <li key={n}>
          <span class="day">{first.day ?? "never"}</span>
          <i class={`dot dot-${first.kind}`} aria-hidden="true" />
          <span class="kind">{KINDS[first.kind]}</span>
          <What first={first} users={users} model={model} />
          <span class="where">{visible(first.at.path)}:{first.at.line}</span>
        </li>
      ))}
    </ul>
  );
}

function What({ first, users, model }: { first: Entry; users: Entry[]; model: Model }) {
  if (first.kind === "review") return (
    <span class="what">{first.of} <b><Name of={first.name!} label={model.subject(first.of === "role" || first.of === "group" ? first.of : "person", first.name!)?.label} /></b>
      <span class="dim">{first.last ? `, last on ${first.last}${first.by ? ` by ${first.by}` : ""}` : ", never reviewed"}</span></span>
  );
  if (first.kind === "suppression_end") return <span class="what">for {first.codes?.join(", ")} {first.because && <span class="dim">because <Words text={first.because} /></span>}</span>;
  return (
    <span class="what">
      <b><Name of={first.role!} label={model.subject("role", first.role!)?.label} /></b> of {users.slice(0, MOST).map((each, n) => <span key={n}>{n > 0 && ", "}<a href={address("person", each.user!)}><Name of={each.user!} label={each.user_name} /></a></span>)}
      {users.length > MOST && ` and ${users.length - MOST} more`}
      {first.place && <> at {first.place.kind} <Name of={first.place.name} /></>}
      {first.because && <span class="dim"> because <Words text={first.because} /></span>}
      {first.approved_by && <Chip>approved by <Name of={first.approved_by} /></Chip>}
      
    </span>
  );
}
