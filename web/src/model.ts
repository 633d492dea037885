// Look-ups over a document, and how what it says is shown: nothing here decides, it only reads.
import type { Action, Cell, Held, Nested, Person, Place, PolicyDocument, Resource, Way } from "./document";

export type State = "all" | "fields" | "limited" | "part" | "bypasses" | "denied" | "unmet" | "not";
export const STATES: Record<State, { name: string; says: string; rank: number }> = {
  all: { name: "all", says: "every record, every field", rank: 6 },
  fields: { name: "some fields", says: "every record, but not every field", rank: 4 },
  limited: { name: "limited", says: "only records that meet limits, every field", rank: 3 },
  part: { name: "limited, some fields", says: "only records that meet limits, and not every field", rank: 2 },
  bypasses: { name: "bypasses limits", says: "shows records whatever limits there are", rank: 7 },
  denied: { name: "denied", says: "granted, and taken away by a deny", rank: 0 },
  unmet: { name: "requirement missing", says: "granted, but what the action requires is missing", rank: 1 },
  not: { name: "not granted", says: "nothing grants it: it is denied", rank: 0 },
};

export interface Column { number: number; resource: Resource; action: Action; sensitive: string[]; text: string }
export interface Subject {
  kind: "role" | "group" | "person"; name: string; label: string | null; at: number; text: string;
  nested?: Nested; person?: Person;
}
export interface Moment { at: number; place: string | null }

export class Model {
  columns: Column[] = [];
  roles: Subject[];
  groups: Subject[];
  people: Subject[];
  portals: string[];
  private rows = new Map<number, Map<number, number>>();
  private covering = new Map<string, Set<string>>();
  private subjects = new Map<string, Subject>();

  constructor(readonly doc: PolicyDocument) {
    distinguish(doc.resources, (each) => each.name);
    for (const list of [doc.groups, doc.roles]) distinguish(list, (each) => each.name);
    distinguish(doc.people, (each) => each.id);
    let number = 0;
    for (const resource of doc.resources)
      for (const action of resource.actions)
        this.columns.push({
          number: number++, resource, action,
          sensitive: resource.attributes.filter((a) => a.sensitive).map((a) => a.name),
          text: fold(`${action.name} ${resource.name} ${resource.label ?? ""}`),
        });
    const nested = (kind: "role" | "group") => (each: Nested): Subject => ({
      kind, name: each.name, label: each.label, at: each.at, nested: each,
      text: fold(`${each.name} ${each.label ?? ""}`),
    });
    this.roles = doc.roles.map(nested("role"));
    this.groups = doc.groups.map(nested("group"));
    this.people = doc.people.map((person) => ({
      kind: "person", name: person.id, label: person.label, at: person.at, person,
      text: fold(`${person.id} ${person.label ?? ""}`),
    }));
    this.portals = [...new Set(doc.roles.map((role) => role.portal).filter((p): p is string => !!p))].sort();
    for (const each of [...this.roles, ...this.groups, ...this.people]) this.subjects.set(`${each.kind}:${each.name}`, each);
    const parents = new Map(doc.sites.map((site) => [site.name, site.parent]));
    for (const site of doc.sites) {
      const around = new Set<string>();
      for (let at: string | null | undefined = site.name; at != null && !around.has(at); at = parents.get(at)) around.add(at);
      this.covering.set(site.name, around);
    }
  }

  subject(kind: string, name: string): Subject | undefined {
    return this.subjects.get(`${kind}:${name}`);
  }

  of(kind: "role" | "group" | "person"): Subject[] {
    return kind === "role" ? this.roles : kind === "group" ? this.groups : this.people;
  }

  place(number: number): Place {
    return this.doc.places[number]!;
  }

  /** The row of a subject: of a person, the one of the span in which the instant lies. */
  rowOf(subject: Subject, at: number): number {
    if (subject.nested) return subject.nested.row;
    const spans = subject.person!.spans;
    for (const [, until, row] of spans) if (until === null || at < Date.parse(until)) return row;
    return spans[spans.length - 1]![2];
  }

  cell(subject: Subject, column: number, at: number): Cell | undefined {
    const row = this.rowOf(subject, at);
    let cells = this.rows.get(row);
    if (!cells) {
      const flat = this.doc.rows[row]!;
      cells = new Map();
      for (let n = 0; n < flat.length; n += 2) cells.set(flat[n]!, flat[n + 1]!);
      this.rows.set(row, cells);
    }
    const number = cells.get(column);
    return number === undefined ? undefined : this.doc.cells[number];
  }

  /** The ways of a cell that hold for records at the place; all, if there is none. */
  ways(cell: Cell | undefined, place: string | null): Way[] {
    const all = (cell?.ways ?? []).map((number) => this.doc.ways[number]!);
    return place === null ? all : all.filter((way) => !way.place || this.covering.get(place)?.has(way.place));
  }

  /** Limits in words. At a chosen place, that a way holds there is no limit any more. */
  limits(way: Way, place: string | null): string[] {
    const said = (way.limits ?? []).map((number) => this.doc.texts[number]!);
    return way.place && place !== null ? said.slice(1) : said;
  }

  denies(way: Way): string[] {
    return (way.denies ?? []).map((number) => this.doc.texts[number]!);
  }

  state(subject: Subject, column: Column, moment: Moment): State {
    const cell = this.cell(subject, column.number, moment.at);
    if (!cell) return "not";
    if (cell.state === "denied" || cell.state === "unmet") return cell.state;
    const ways = this.ways(cell, moment.place);
    if (!ways.length) return "not";
    const free = ways.filter((way) => !this.limits(way, moment.place).length && !way.denies?.length);
    const whole = covers(column.resource, free.length ? free : ways);
    if (column.action.bypasses) return "bypasses";
    if (free.length) return whole ? "all" : "fields";
    return whole ? "limited" : "part";
  }

  /** The sensitive attributes that the ways reach. */
  sensitive(subject: Subject, column: Column, moment: Moment): string[] {
    if (!column.sensitive.length) return [];
    const ways = this.ways(this.cell(subject, column.number, moment.at), moment.place);
    return column.sensitive.filter((name) => ways.some((way) => !way.fields || way.fields.includes(name)));
  }
}

/** Labels that several have get the names behind them. */
function distinguish<T extends { label: string | null }>(list: T[], name: (each: T) => string): void {
  const counts = new Map<string, number>();
  for (const each of list) if (each.label) counts.set(each.label, (counts.get(each.label) ?? 0) + 1);
  for (const each of list) if (each.label && counts.get(each.label)! > 1) each.label = `${each.label} · ${name(each)}`;
}

function covers(resource: Resource, ways: Way[]): boolean {
  if (ways.some((way) => !way.fields)) return true;
  const found = new Set(ways.flatMap((way) => way.fields ?? []));
  return resource.attributes.every((each) => found.has(each.name));
}

/** ``all``, ``all but a, b``, or the attributes. */
export function fieldsInWords(resource: Resource, fields: string[] | undefined): string {
  if (!resource.attributes.length) return "";
  if (!fields) return "all fields";
  const missing = resource.attributes.filter((each) => !fields.includes(each.name)).map((each) => each.name);
  if (missing.length <= 3 && missing.length < fields.length) return `all fields but ${missing.join(", ")}`;
  return fields.join(", ") || "no field";
}

export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Whether each word of the query occurs. */
export function matches(text: string, query: string): boolean {
  return fold(query).split(/\s+/).every((word) => text.includes(word));
}

/** The text with what does not show itself written out. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (c) => (c === "\n" ? c : `\\u{${c.codePointAt(0)!.toString(16).toUpperCase()}}`));
}

// --- time in the timezone of the policy set ---------------------------------------------------------------------

/** ``2026-11-21T12:00`` of an instant, as a clock there shows it. */
export function clock(at: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).formatToParts(at);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year").padStart(4, "0")}-${of("month")}-${of("day")}T${of("hour")}:${of("minute")}`;
}

/** Whether something is held when clocks in the time zone show this. */
export function holds(held: Held, local: string): boolean {
  const now = local.replace("T", " ");
  const day = now.slice(0, 10);
  const begun = !held.start || held.start <= (held.start.length > 10 ? now : day);
  const over = held.until && (held.until.length > 10 ? held.until <= now : held.until < day);
  return !held.lost && begun && !over;
}

/** The instant at which a clock there shows it. */
export function instant(local: string, timezone: string): number {
  const wanted = Date.parse(`${local}Z`);
  let found = wanted;
  for (let n = 0; n < 3; n++) found += wanted - Date.parse(`${clock(found, timezone)}Z`);
  return found;
}
