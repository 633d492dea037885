/** Decides requests by a policy set that policylang compiled. */

import { LoadError, readDocument } from "./document.js";
import type { Situation } from "./conditions.js";
import { Operation } from "./operation.js";
import { denied, type Decision, type Opened } from "./plan.js";
import { Policies } from "./policies.js";
import { Quick } from "./quick.js";
import { readInstant, type Instant } from "./time.js";
import { BAD, attribute, isRecord, reader, type Lookup } from "./values.js";

export { LoadError };
export type { Decision };

export interface Options {
  /** The instant of the decision: there is no clock in here. A text has an offset. */
  readonly now: Date | string;
  /** The attributes of the request itself. */
  readonly request?: object | null;
  /** An attribute of the record, to ask about that alone. */
  readonly field?: string | null;
  /** What an action like modify would write; null empties an attribute. */
  readonly changes?: Readonly<Record<string, unknown>> | null;
}

export interface LoadOptions {
  /** Finds a record by resource and id, where a tree of records is climbed and only the id is known. */
  readonly lookup?: Lookup;
}

/** Loads compiled JSON, as text or parsed. Throws `LoadError` for what must not be used. */
export function load(source: string | object, options: LoadOptions = {}): PolicySet {
  try {
    return new PolicySet(new Policies(readDocument(source), options.lookup ?? (() => undefined)));
  } catch (error) {
    if (error instanceof LoadError) throw error;
    throw new LoadError(`the document cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A denial, which works out what was missing when somebody wants to know. */
class LeftOpen implements Decision {
  readonly #quick: Quick;
  readonly #operation: Operation;
  readonly #s: Situation;
  readonly #later: Situation | null;
  readonly #asked: readonly string[];
  #missing: readonly string[] | undefined;
  readonly allowed = false;
  readonly fields = NONE;

  /** Of a modification also the situation after it, and the attributes that it is about. */
  constructor(
    readonly reasons: readonly string[],
    quick: Quick,
    operation: Operation,
    s: Situation,
    later: Situation | null = null,
    asked: readonly string[] = NONE,
  ) {
    this.#quick = quick;
    this.#operation = operation;
    this.#s = s;
    this.#later = later;
    this.#asked = asked;
  }

  get missing(): readonly string[] {
    return (this.#missing ??= this.#whole());
  }

  #whole(): readonly string[] {
    const plan = this.#quick.plan(this.#operation, this.#s);
    return plan.missing(this.#later === null ? [this.#s] : [this.#s, this.#later], this.#asked);
  }

  toJSON(): Decision {
    return { allowed: this.allowed, fields: this.fields, reasons: this.reasons, missing: this.missing };
  }
}

const NOTHING = {};
const NO_TEXTS = "user, action and resource of a request are texts";
const NONE: readonly string[] = [];

export class PolicySet {
  readonly #policies: Policies;
  /** By resource and action. */
  readonly #operations: ReadonlyMap<string, Map<string, Operation | null>>;
  /** The plans of the other users, with the sources that they were made for. */
  readonly #dated = new Map<string, { readonly key: string; readonly plans: Map<Operation, Quick> }>();

  constructor(policies: Policies) {
    this.#policies = policies;
    this.#operations = new Map(
      [...policies.actions].map(([resource, actions]) => [resource, new Map([...actions.keys()].map((name) => [name, null]))]),
    );
  }

  /** Of the content: which policies decided. */
  get digest(): string {
    return this.#policies.document.digest;
  }

  get resources(): readonly string[] {
    return [...this.#policies.resources.keys()];
  }

  actions(resource: string): readonly string[] {
    return [...(this.#policies.actions.get(resource)?.keys() ?? [])];
  }

  /** Whether the user may do that to the record. */
  allows(user: string, action: string, resource: string, record: object | null | undefined, options: Options): boolean {
    return this.#decide(user, action, resource, record, options, false).allowed;
  }

  /** Whether, which attributes that covers, and why. Throws TypeError for a `now` that is no instant. */
  decide(
    user: string,
    action: string,
    resource: string,
    record: object | null | undefined,
    options: Options,
  ): Decision {
    return this.#decide(user, action, resource, record, options, true);
  }

  /** The records on which the action is open to the user, as a test of one. */
  filter(user: string, action: string, resource: string, options: Options): (record: object) => boolean {
    return (record) => this.allows(user, action, resource, record, options);
  }

  #decide(
    user: string,
    action: string,
    resource: string,
    given: object | null | undefined,
    options: Options,
    told: boolean,
  ): Decision {
    const now = readInstant(options.now);
    if (now === undefined) throw new TypeError("`now` is not an instant with its offset");
    const record: object = given ?? NOTHING;
    const request: object = options.request ?? NOTHING;
    const changes = options.changes ?? null;
    const field = options.field ?? null;
    if (!isRecord(record) || !isRecord(request) || (changes !== null && !isRecord(changes))) {
      throw new TypeError("records, `request` and `changes` are objects with attributes");
    }
    const operation = this.#operation(action, resource);
    if (typeof operation === "string") return denied(operation);
    const quick = this.#quickOf(operation, user, now);
    if (typeof quick === "string") return denied(quick);
    const s: Situation = { user, record, request, now };
    if (field !== null || changes !== null || operation.kind === "create") {
      return this.#written(quick, operation, s, field, changes);
    }
    let denial = quick.denial(operation, s);
    if (denial === undefined) {
      const place = operation.placeOf(record);
      if (place === BAD) return denied("the record is at a place that there is not");
      const { decision } = quick.plan(operation, s).open(s, place);
      if (decision.allowed) return decision;
      denial = decision;
    }
    if (denial === null) return quick.granted;
    return told ? new LeftOpen(denial.reasons, quick, operation, s) : denial;
  }

  #written(
    quick: Quick,
    operation: Operation,
    s: Situation,
    field: string | null,
    changes: Readonly<Record<string, unknown>> | null,
  ): Decision {
    const { kind, resource, action } = operation;
    const declared = this.#policies.attributes.get(resource)!;
    const names = changes === null ? [] : Object.keys(changes);
    const strange = [...(field === null ? [] : [field]), ...names].find((name) => !declared.has(name));
    if (names.length && kind !== "modify" && strange === undefined) {
      return denied(`changes are what modify would write; ${action} writes none`);
    }
    const more = kind === "create" ? Object.keys(s.record as object).find((name) => !declared.has(name) && name !== "id") : undefined;
    if (strange !== undefined || more !== undefined) return denied("there is no such attribute");
    let later: Situation | null = null;
    let written: readonly string[] = [];
    if (kind === "modify" && names.length) {
      written = names;
      later = { ...s, record: { ...(s.record as object), ...changes } };
    } else if (kind === "create") {
      written = operation.declared.filter((name) => attribute(s.record, name) !== undefined);
    }
    const asked = [...new Set([...(field === null ? [] : [field]), ...written])];
    const moments = later === null ? [s] : [s, later];
    const places = moments.map((moment) => operation.placeOf(moment.record));
    if (places.includes(BAD)) return denied("the record is at a place that there is not");
    const plan = quick.plan(operation, s);
    const opened: Opened[] = [];
    for (const [n, moment] of moments.entries()) {
      const found = plan.open(moment, places[n] as string | null);
      if (!found.decision.allowed) return new LeftOpen(found.decision.reasons, quick, operation, s, later, asked);
      opened.push(found);
    }
    const covers = (name: string): boolean => opened.every((each) => each.covered.has(name));
    const uncovered = asked.find((name) => !covers(name));
    if (uncovered !== undefined) return new LeftOpen(["an attribute is not covered"], quick, operation, s, later, asked);
    for (const name of written) {
      const reason = this.#writable(operation, later ?? s, name);
      if (reason !== null) return denied(reason);
    }
    return {
      allowed: true,
      fields: operation.declared.filter(covers),
      reasons: [...new Set(opened.flatMap((each) => each.decision.reasons))],
      missing: [],
    };
  }

  /** Why an attribute may not hold its value; null if it may. */
  #writable(operation: Operation, s: Situation, name: string): string | null {
    const raw = attribute(s.record, name);
    if (raw === undefined) return null;
    const { type } = this.#policies.attributes.get(operation.resource)!.get(name)!;
    const found = reader(type)(raw);
    if (found === BAD || (type.kind === "place" && !operation.isPlace(name, raw))) return "a value is not of its attribute's type";
    const role = (type.of ?? type).role ?? null;
    if (role === null) return null;
    const users = (type.kind === "set" ? found : [found]) as readonly unknown[];
    const eligible = users.every((user) => typeof user === "string" && this.#policies.hasRole(user, role, s.now));
    return eligible ? null : "the user in an attribute is not eligible";
  }

  /** A reason where there is none. */
  #operation(action: string, resource: string): Operation | string {
    const operations = this.#operations.get(resource);
    const found = operations?.get(action);
    if (found) return found;
    if (typeof action !== "string" || typeof resource !== "string") return NO_TEXTS;
    if (operations === undefined) return `there is no resource \`${resource}\``;
    if (found === undefined) return `\`${resource}\` has no action \`${action}\``;
    const made = new Operation(this.#policies, action, resource);
    operations.set(action, made);
    return made;
  }

  /** The plan of a user; a reason where there is no such user. */
  #quickOf(operation: Operation, user: string, now: Instant): Quick | string {
    const known = operation.plans.get(user);
    if (known !== undefined) return known;
    if (typeof user !== "string") return NO_TEXTS;
    const subject = this.#policies.subjects.get(user);
    if (subject === undefined) return `there is no user \`${user}\``;
    const made = (): Quick => new Quick(operation.plan(user, now));
    // By its own name: a text of the caller may be a part of a long one, which it would keep in memory.
    if (!subject.dated) return kept(operation.plans, subject.name, made);
    const key = JSON.stringify(this.#policies.sources(subject, now));
    let dated = this.#dated.get(subject.name);
    if (dated === undefined || dated.key !== key) this.#dated.set(subject.name, (dated = { key, plans: new Map() }));
    return kept(dated.plans, operation, made);
  }
}

function kept<K, V>(values: Map<K, V>, key: K, made: () => V): V {
  let found = values.get(key);
  if (found === undefined) values.set(key, (found = made()));
  return found;
}
