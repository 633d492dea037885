// The document of a policy set: see policylang/views/document.py, which says what each part means.

export type Place = [path: string, line: number, column: number, text: string];
export interface Attribute { name: string; type: string; optional?: boolean; sensitive?: boolean }
export interface Action { name: string; kind?: string; bypasses?: boolean; requires?: string }
export interface Resource { name: string; label: string | null; attributes: Attribute[]; actions: Action[]; at: number }
export interface Way {
  source: string; kind: "group" | "role"; name: string; place?: string; fields?: string[];
  limits?: number[]; denies?: number[]; grants?: number[];
}
export interface Cell { state?: "open" | "denied" | "unmet" | "nowhere"; ways?: number[]; denies?: number[] }
export interface Statement { effect: "grant" | "deny"; resource: string; actions: string[]; partly?: boolean; at: number }
export interface Nested {
  name: string; label: string | null; row: number; at: number; roles?: string[]; may_assign?: string[];
  portal?: string; protected?: boolean; essential?: boolean; says?: Statement[];
}
export interface Held {
  kind: "group" | "role"; name: string; by: "integration" | "group" | "job" | "assignment"; at: number[];
  place?: string; start?: string; until?: string; because?: string; approved?: string; lost?: boolean;
}
export type Span = [since: string | null, until: string | null, row: number];
export interface Person {
  id: string; label: string | null; at: number; spans: Span[]; held?: Held[]; own?: string[];
  integration?: boolean; job?: string; superuser?: boolean; terminated?: boolean;
}
export interface Holder {
  id: string; label: string | null; source: string; at: number;
  since?: string; until?: string; because?: string; approved?: string; used?: { count: number; last: string | null };
}
export interface ReviewItem {
  kind: "role" | "group" | "integration" | "user"; name: string; label: string | null; every: string;
  last: string | null; due: string | null; overdue: boolean; holders: Holder[]; gives: string[]; at: number;
}
export interface ReviewPage { reviewer: string | null; label: string | null; items: ReviewItem[] }
export interface Rule { name: string; family: string; summary: string; why: string }
export interface Shown { headline: string; particulars: [string, string][]; command: string }
export interface RelatedPlace { path: string; line: number; column: number; message: string }
export interface Finding {
  code: string; name: string; severity: "error" | "warning" | "info"; message: string; help: string | null;
  path: string; line: number; column: number; related: RelatedPlace[]; proved: string | null; unproved: boolean;
  suggestion: string | null; suggested_role: string | null; origins: string[]; shown: Shown[]; weight: number; cause: string;
  reach: { users: number | null; could: number | null; records: "all" | "some" | null; sensitive: string[] };
}
export interface Spot { path: string; line: number; column: number }
export interface Entry {
  kind: "review" | "end" | "start" | "suppression_end"; day: string | null; at: Spot;
  of?: string; name?: string; every?: { amount: number; unit: string }; last?: string | null; by?: string | null;
  user?: string; user_name?: string | null; role?: string; place?: { kind: string; name: string } | null;
  from?: string | null; until?: string | null; because?: string | null; approved_by?: string | null; codes?: string[];
}
export interface Agenda { timezone: string; today: string; last: string; overdue: Entry[]; over: Entry[]; coming: Entry[] }
export interface Named { kind: string; name: string }
export interface Compared {
  user?: string; as_roles?: string[]; as_group?: string; as_id?: string; action: string; resource: string; field?: string;
  record: Record<string, unknown>; request?: Record<string, unknown>; now: string; expected: "allowed" | "denied";
}
export interface Change {
  id: string; kind: "gained" | "widened" | "narrowed" | "lost"; subjects: Named[]; around: Named[];
  permissions: { resource: string; actions: string[]; fields: string[] | null }[];
  removed: string[]; added: string[]; days: { from: string | null; until: string | null }[]; users: string[];
  unproved: boolean; incomplete: boolean; before: Compared | null; after: Compared | null;
}
export interface SetReport {
  old: string | null; new: string | null; same_access: boolean; changes: Change[]; notes: string[];
  statements: { id: string; topic: string; subject: string; removed: string[]; added: string[]; widens: boolean; users: string[] }[];
}
export interface PolicyDocument {
  version: number; tool: string; policies: string[]; digest: string; now: string; timezone: string;
  part: { users: string[]; roles: string[]; resources: string[] };
  places: Place[]; scope: string[]; sites: { name: string; kind: string; parent: string | null }[];
  resources: Resource[]; request: Attribute[]; texts: string[]; ways: Way[]; cells: Cell[]; rows: number[][];
  groups: Nested[]; roles: Nested[]; people: Person[]; everyone: Statement[];
  rules: Record<string, Rule>; findings: Finding[]; agenda: Agenda; reviews: ReviewPage[];
  log: { since: string; until: string } | null; change: { old: string; report: SetReport } | null;
}
