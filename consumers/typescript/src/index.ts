/** Decides requests by a policy set that policylang compiled. */

import { LoadError, readDocument } from "./document.js";
import type { Situation } from "./conditions.js";
import { Plan, denied, quickly, type Decision, type Opened, type QuickPlan } from "./plan.js";
import { Policies } from "./policies.js";
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
  const document = readDocument(source);
  try {
    return new PolicySet(new Policies(document, options.lookup ?? (() => undefined)));
  } catch (error) {
    throw new LoadError(`the document cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A denial, which works out what was missing when somebody wants to know. */
class LeftOpen implements Decision {
  readonly allowed = false;
  readonly fields: readonly string[] = NONE;
  private found: readonly string[] | undefined;

  constructor(
    readonly reasons: readonly string[],
    private readonly plan: Plan,
    private readonly moments: readonly Situation[],
    private readonly asked: readonly string[],
  ) {}

  get missing(): readonly string[] {
    return (this.found ??= this.plan.missing(this.moments, this.asked));
  }

  toJSON(): Decision {
    return { allowed: this.allowed, fields: this.fields, reasons: this.reasons, missing: this.missing };
  }
}

/** The plans for an action of a resource, of users and integrations whose sources are the same at any instant. */
type Plans = Map<string, QuickPlan>;

const NOTHING = {};
const NONE: readonly string[] = [];

export class PolicySet {
  readonly #policies: Policies;
  /** Of the other users, with the sources that they were made for. */
  readonly #dated = new Map<string, { readonly key: string; readonly plans: Map<Plans, QuickPlan> }>();
  readonly #plans: ReadonlyMap<string, ReadonlyMap<string, Plans>>;

  constructor(policies: Policies) {
    this.#policies = policies;
    this.#plans = new Map(
      [...policies.actions].map(([resource, actions]) => [resource, new Map([...actions.keys()].map((name) => [name, new Map()]))]),
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
    const record: unknown = given ?? NOTHING;
    const request: unknown = options.request ?? NOTHING;
    const changes = options.changes ?? null;
    if (!isRecord(record) || !isRecord(request) || (changes !== null && !isRecord(changes))) {
      throw new TypeError("records, `request` and `changes` are objects with attributes");
    }
    const { field } = options;
    const quick = this.#planOf(user, action, resource, now);
    if (typeof quick === "string") return denied(quick);
    const s: Situation = { user, record, request, now };
    if (quick.only !== null && (field === undefined || field === null) && changes === null) {
      if (quick.only(s) === true) return quick.granted;
      return told ? new LeftOpen(quick.denied.reasons, quick.plan, [s], NONE) : quick.denied;
    }
    const { plan } = quick;
    if ((field === undefined || field === null) && changes === null && plan.kind !== "create") {
      const place = plan.placeOf(record);
      if (place === BAD) return denied("the record is at a place that there is not");
      const { decision } = plan.open(s, place);
      return decision.allowed || !told ? decision : new LeftOpen(decision.reasons, plan, [s], NONE);
    }
    return this.#written(plan, s, field ?? null, changes);
  }

  #written(plan: Plan, s: Situation, field: string | null, changes: Readonly<Record<string, unknown>> | null): Decision {
    const declared = this.#policies.attributes.get(plan.resource)!;
    const names = changes === null ? [] : Object.keys(changes);
    const strange = [...(field === null ? [] : [field]), ...names].find((name) => !declared.has(name));
    if (names.length && plan.kind !== "modify" && strange === undefined) {
      return denied(`changes are what modify would write; ${plan.action} writes none`);
    }
    const more = plan.kind === "create" ? Object.keys(s.record as object).find((name) => !declared.has(name) && name !== "id") : undefined;
    if (strange !== undefined || more !== undefined) return denied("there is no such attribute");
    const moments = [s];
    let written: readonly string[] = [];
    if (plan.kind === "modify" && names.length) {
      written = names;
      moments.push({ ...s, record: { ...(s.record as object), ...changes } });
    } else if (plan.kind === "create") {
      written = plan.declared.filter((name) => attribute(s.record, name) !== undefined);
    }
    const asked = [...new Set([...(field === null ? [] : [field]), ...written])];
    const places = moments.map((moment) => plan.placeOf(moment.record));
    if (places.includes(BAD)) return denied("the record is at a place that there is not");
    const opened: Opened[] = [];
    for (const [n, moment] of moments.entries()) {
      const found = plan.open(moment, places[n] as string | null);
      if (!found.decision.allowed) return new LeftOpen(found.decision.reasons, plan, moments, asked);
      opened.push(found);
    }
    const covers = (name: string): boolean => opened.every((each) => each.covered.has(name));
    const uncovered = asked.find((name) => !covers(name));
    if (uncovered !== undefined) return new LeftOpen(["an attribute is not covered"], plan, moments, asked);
    const last = moments[moments.length - 1]!;
    for (const name of written) {
      const reason = this.#writable(plan, last, name);
      if (reason !== null) return denied(reason);
    }
    return {
      allowed: true,
      fields: plan.declared.filter(covers),
      reasons: [...new Set(opened.flatMap((each) => each.decision.reasons))],
      missing: [],
    };
  }

  /** Why an attribute may not hold its value; null if it may. */
  #writable(plan: Plan, s: Situation, name: string): string | null {
    const raw = attribute(s.record, name);
    if (raw === undefined) return null;
    const { type } = this.#policies.attributes.get(plan.resource)!.get(name)!;
    const found = reader(type)(raw);
    if (found === BAD || (type.kind === "place" && !plan.isPlace(name, raw))) return "a value is not of its attribute's type";
    const role = (type.of ?? type).role ?? null;
    if (role === null) return null;
    const users = (type.kind === "set" ? found : [found]) as readonly unknown[];
    const eligible = users.every((user) => typeof user === "string" && this.#policies.hasRole(user, role, s.now));
    return eligible ? null : "the user in an attribute is not eligible";
  }

  /** The plan of a request; a reason where it names what there is not. */
  #planOf(user: string, action: string, resource: string, now: Instant): QuickPlan | string {
    if (typeof user !== "string" || typeof action !== "string" || typeof resource !== "string") {
      return "user, action and resource of a request are texts";
    }
    const plans = this.#plans.get(resource)?.get(action);
    if (plans === undefined) {
      if (!this.#plans.has(resource)) return `there is no resource \`${resource}\``;
      return `\`${resource}\` has no action \`${action}\``;
    }
    const known = plans.get(user);
    if (known !== undefined) return known;
    const subject = this.#policies.subjects.get(user);
    if (subject === undefined) return `there is no user \`${user}\``;
    const sources = this.#policies.sources(subject, now);
    const made = (): QuickPlan => quickly(new Plan(this.#policies, subject, sources, action, resource));
    if (!subject.dated) return kept(plans, user, made);
    const key = JSON.stringify(sources);
    let dated = this.#dated.get(user);
    if (dated === undefined || dated.key !== key) this.#dated.set(user, (dated = { key, plans: new Map() }));
    return kept(dated.plans, plans, made);
  }
}

function kept<K, V>(values: Map<K, V>, key: K, made: () => V): V {
  let found = values.get(key);
  if (found === undefined) values.set(key, (found = made()));
  return found;
}
