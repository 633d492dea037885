/** A compiled document, and the suspicion with which it is read. */

import { digestOf } from "./digest.js";

export const FORMAT_VERSION = 2;

export class LoadError extends Error {
  override name = "LoadError";
}

export interface Type {
  readonly kind: string;
  readonly of?: Type;
  readonly values?: readonly string[];
  readonly role?: string | null;
  readonly resource?: string;
  readonly scope?: string;
}
export type Written = boolean | number | string | { readonly amount: number; readonly unit: "minutes" | "days" | "months" };
export interface Constant {
  readonly op: "constant";
  readonly type: Type;
  readonly value: Written;
}
export interface Path {
  readonly op: "path";
  readonly root: "record" | "subject" | "request";
  readonly steps: readonly string[];
  readonly type: Type;
}
export type Operand = Path | Constant;
export interface Condition {
  readonly op: string;
  readonly items?: readonly Condition[];
  readonly item?: Condition | Operand;
  readonly test?: string;
  readonly left?: Operand;
  readonly right?: Operand;
  readonly operand?: Operand;
  readonly duration?: Operand;
  readonly part?: Operand;
  readonly top?: Operand;
  readonly values?: readonly Written[];
  readonly network?: string;
  readonly first?: string;
  readonly last?: string;
  readonly days?: readonly string[];
  readonly tree?: string;
  readonly optional?: boolean;
}
export interface Attribute {
  readonly name: string;
  readonly type: Type;
  readonly sensitive: boolean;
}
export interface Requirement {
  readonly requires: "grant" | "feature" | "superuser" | "all" | "any";
  readonly action?: string;
  readonly resource?: string;
  readonly place_kind?: string | null;
  readonly feature?: string;
  readonly items?: readonly Requirement[];
}
export interface Action {
  readonly name: string;
  readonly kind: "view" | "create" | "modify" | "delete" | null;
  readonly requires: Requirement | null;
  readonly bypasses_policies: boolean;
}
export interface Resource {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly actions: readonly Action[];
  readonly place: string | null;
}
export interface Limit {
  readonly instance: string;
  readonly actions: readonly string[] | null;
}
export interface Grant {
  readonly resource: string;
  readonly actions: readonly string[];
  readonly fields: readonly string[] | null;
  readonly at: string;
}
export interface Deny extends Grant {
  readonly condition: Condition | null;
}
interface Ref {
  readonly name: string;
}
export interface Bundle {
  readonly name: string;
  readonly essential?: boolean;
  readonly roles: readonly Ref[];
  readonly grants: readonly Grant[];
  readonly denies: readonly Deny[];
  readonly limits: readonly Limit[];
}
export interface Assignment {
  readonly role: string;
  readonly place: string | null;
  readonly from: string | null;
  readonly from_time: string | null;
  readonly until: string | null;
  readonly until_time: string | null;
}
export interface User {
  readonly id: string;
  readonly superuser: boolean;
  readonly terminated: boolean;
  readonly group: Ref | null;
  readonly job: Ref | null;
  readonly attributes: readonly { readonly name: string; readonly values: readonly Constant[] }[];
  readonly appends: readonly { readonly limit: Limit }[];
  readonly overrides: readonly { readonly limit: Limit }[];
  readonly assignments: readonly Assignment[];
}
export interface Integration {
  readonly name: string;
  readonly roles: readonly Ref[];
  readonly from: string | null;
  readonly until: string | null;
}
export interface Document {
  readonly format: string;
  readonly version: number;
  readonly digest: string;
  readonly timezone: string;
  readonly scope: readonly { readonly name: string; readonly parent: string | null }[];
  readonly places: readonly { readonly name: string; readonly kind: string; readonly parent: string | null }[];
  readonly features: readonly { readonly name: string; readonly on: boolean }[];
  readonly subject: readonly Attribute[];
  readonly request: readonly Attribute[];
  readonly resources: readonly Resource[];
  readonly policy_instances: readonly {
    readonly id: string;
    readonly resource: string;
    readonly actions: readonly string[] | null;
    readonly condition: Condition;
  }[];
  readonly roles: readonly Bundle[];
  readonly groups: readonly Bundle[];
  readonly jobs: readonly { readonly code: string; readonly roles: readonly Ref[] }[];
  readonly users: readonly User[];
  readonly integrations: readonly Integration[];
  readonly denies: readonly Deny[];
}

/** The document in a text or in what was parsed of one. Throws `LoadError` for what must not be used. */
export function readDocument(source: string | object): Document {
  let found: unknown = source;
  if (typeof source === "string") {
    try {
      found = JSON.parse(source);
    } catch {
      throw new LoadError("not JSON");
    }
  }
  if (typeof found !== "object" || found === null || (found as Document).format !== "policylang") {
    throw new LoadError("not a compiled policy set: it has no `format` field that says `policylang`");
  }
  const document = found as Document;
  if (document.version !== FORMAT_VERSION) {
    throw new LoadError(`the document has format version ${String(document.version)}, this reads ${FORMAT_VERSION}`);
  }
  if (digestOf(found as Record<string, unknown>) !== document.digest) {
    throw new LoadError("the digest does not match: the document was edited after it was compiled, compile again");
  }
  examine(document);
  return document;
}

/** Everything that a decision looks at is known, down to the last field: what is new could mean something else. */
function examine(document: Document): void {
  only("document", document, FIELDS["document"]!);
  for (const each of document.resources) {
    only("resource", each, FIELDS["resource"]!);
    each.attributes.forEach(attribute);
    for (const action of each.actions) {
      only("action", action, FIELDS["action"]!);
      if (action.kind !== null && !KINDS.has(action.kind)) unknown(`kind of action \`${String(action.kind)}\``);
      if (action.requires !== null) requirement(action.requires);
    }
  }
  [...document.subject, ...document.request].forEach(attribute);
  for (const each of document.policy_instances) {
    only("policy instance", each, FIELDS["instance"]!);
    condition(each.condition);
  }
  for (const each of [...document.roles, ...document.groups]) {
    only("role or group", each, FIELDS["bundle"]!);
    each.grants.forEach((grant) => only("grant", grant, FIELDS["grant"]!));
    each.denies.forEach(deny);
    each.limits.forEach((limit) => only("limit", limit, FIELDS["limit"]!));
  }
  document.denies.forEach(deny);
  for (const each of document.users) {
    only("user", each, FIELDS["user"]!);
    for (const own of [...each.appends, ...each.overrides]) {
      only("policy of a user", own, FIELDS["own"]!);
      only("limit", own.limit, FIELDS["limit"]!);
    }
    each.assignments.forEach((assignment) => only("assignment", assignment, FIELDS["assignment"]!));
  }
  document.integrations.forEach((each) => only("integration", each, FIELDS["integration"]!));
}

const KINDS = new Set(["view", "create", "modify", "delete"]);
const FIELDS: Record<string, ReadonlySet<string>> = Object.fromEntries(
  Object.entries({
    document:
      "format version digest timezone sources portals scope places features subject request resources policies policy_instances roles groups jobs tasks users integrations denies separations invariants reviews suppressions",
    resource: "name label attributes actions place tree at",
    attribute: "name type optional sensitive at",
    action: "name kind requires bypasses_policies assignable_via at",
    instance: "id policy arguments resource actions condition at",
    bundle: "name label owner protected essential portal roles grants denies limits performs may_assign at",
    grant: "resource actions fields wildcard because at",
    deny: "resource actions fields condition because at",
    limit: "instance actions at",
    user: "id label superuser terminated group job attributes appends overrides assignments at",
    own: "limit because at",
    assignment: "role place from from_time until until_time because approved_by at",
    integration: "name label roles from until objects mirror at",
    grant_required: "requires action resource place_kind at",
    feature_required: "requires feature at",
    superuser_required: "requires at",
    all_required: "requires items at",
    any_required: "requires items at",
    and: "op items at",
    or: "op items at",
    not: "op item at",
    compare: "op test left right at",
    time: "op test operand duration at",
    missing: "op operand at",
    in: "op operand values at",
    in_network: "op operand network at",
    contains: "op operand item at",
    overlaps: "op left right at",
    empty: "op operand at",
    text: "op test operand part at",
    under: "op operand tree optional top at",
    hours: "op first last at",
    weekdays: "op days at",
    path: "op root steps type at",
    constant: "op type value at",
  }).map(([name, fields]) => [name, new Set(fields.split(" "))]),
);
const TESTS: Record<string, ReadonlySet<string>> = {
  compare: new Set(["eq", "lt", "le", "gt", "ge"]),
  time: new Set(["within", "within_next", "older_than"]),
  text: new Set(["contains", "starts_with", "ends_with"]),
};
const TYPES = new Set([
  ..."text int decimal money bool date datetime duration ip enum user record place".split(" "),
]);
const ROOTS = new Set(["record", "subject", "request"]);
const OPERANDS = ["left", "right", "operand", "duration", "part", "top"] as const;

function only(what: string, found: object, known: ReadonlySet<string>): void {
  for (const name of Object.keys(found)) if (!known.has(name)) unknown(`field \`${name}\` of a ${what}`);
}

function unknown(what: string): never {
  throw new LoadError(`unknown ${what}: the document is newer than this`);
}

function attribute(found: Attribute): void {
  only("attribute", found, FIELDS["attribute"]!);
  type(found.type);
}

function type(found: Type): void {
  const item = found.kind === "set" ? found.of : found;
  if (item === undefined || !TYPES.has(item.kind)) unknown(`type \`${String(found.kind)}\``);
}

function deny(found: Deny): void {
  only("deny", found, FIELDS["deny"]!);
  if (found.condition !== null) condition(found.condition);
}

function requirement(found: Requirement): void {
  const fields = FIELDS[`${found.requires}_required`];
  if (fields === undefined) unknown(`requirement \`${String(found.requires)}\``);
  only("requirement", found, fields);
  found.items?.forEach(requirement);
}

function condition(found: Condition): void {
  const fields = Object.hasOwn(FIELDS, found.op) ? FIELDS[found.op] : undefined;
  if (fields === undefined || !fields.has("op") || found.op === "path" || found.op === "constant") {
    unknown(`condition \`${String(found.op)}\``);
  }
  only("condition", found, fields);
  const tests = TESTS[found.op];
  if (tests !== undefined && !tests.has(String(found.test))) unknown(`test \`${String(found.test)}\``);
  found.items?.forEach(condition);
  if (found.op === "not") condition(found.item as Condition);
  if (found.op === "contains") operand(found.item as Operand);
  for (const name of OPERANDS) if (found[name] !== undefined) operand(found[name]);
}

function operand(found: Operand): void {
  if (found.op !== "path" && found.op !== "constant") unknown(`operand \`${String((found as Condition).op)}\``);
  only("operand", found, FIELDS[found.op]!);
  type(found.type);
  if (found.op === "path" && !ROOTS.has(found.root)) unknown(`root \`${String(found.root)}\``);
}
