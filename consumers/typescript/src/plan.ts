/** What is left of the decision when only user, action and resource are known. */

import { all, every, some, type Situation, type Test } from "./conditions.js";
import type { Condition, Deny, Limit, Requirement } from "./document.js";
import type { Policies, Source, Subject } from "./policies.js";
import { BAD, attribute, reader, type Truth } from "./values.js";

export interface Decision {
  readonly allowed: boolean;
  /** The attributes that the action covers, in the order of their declaration. */
  readonly fields: readonly string[];
  readonly reasons: readonly string[];
  /** Of a denial that other values could turn: the attributes without a value that left it open. */
  readonly missing: readonly string[];
}

interface Way {
  readonly place: string | null;
  readonly limits: readonly Condition[];
  readonly tests: readonly Test[];
  readonly fields: ReadonlySet<string>;
  readonly reason: string;
}

interface PlacedDeny {
  readonly place: string | null;
  readonly deny: Deny;
  readonly test: Test | null;
}

export interface Opened {
  readonly decision: Decision;
  readonly covered: ReadonlySet<string>;
}

/** What most decisions need of a plan, close together: memory is what they wait for. */
export interface QuickPlan {
  readonly only: Test | null;
  readonly granted: Decision;
  readonly denied: Decision;
  readonly plan: Plan;
}

export function quickly(plan: Plan): QuickPlan {
  const [granted, denied] = plan.outcomes;
  return { only: plan.only, granted, denied, plan };
}

export class Plan {
  readonly kind: string | null;
  readonly declared: readonly string[];
  readonly #ways: readonly Way[];
  readonly #denies: readonly PlacedDeny[];
  readonly #appends: readonly Condition[];
  readonly #appendTests: readonly Test[];
  readonly #requires: Requirement | null;
  readonly #place: string | null;
  readonly #readPlace: (raw: unknown) => unknown;
  readonly #opened = new Map<number, Opened>();
  readonly #denied: Opened;

  constructor(
    readonly policies: Policies,
    readonly subject: Subject,
    readonly sources: readonly Source[],
    readonly action: string,
    readonly resource: string,
  ) {
    const declared = policies.actions.get(resource)!.get(action)!;
    const { user } = subject;
    this.kind = declared.kind;
    this.declared = [...policies.attributes.get(resource)!.keys()];
    this.#requires = declared.requires;
    this.#place = policies.resources.get(resource)!.place;
    this.#readPlace = this.#place === null ? () => undefined : reader(policies.attributes.get(resource)!.get(this.#place)!.type);
    const bypasses = declared.bypasses_policies;
    const plain = new Set(policies.resources.get(resource)!.attributes.filter((a) => !a.sensitive).map((a) => a.name));
    const overrides = (user?.overrides ?? []).map((own) => own.limit).filter((limit) => policies.isOn(limit, resource));
    const ways: Way[] = [];
    for (const source of sources) {
      for (const chain of policies.chains(source)) {
        const bundle = chain[chain.length - 1]!;
        for (const grant of bundle.grants) {
          if (grant.resource !== resource || !grant.actions.includes(action)) continue;
          const around = source.kind === "group" && overrides.length ? overrides : chain.flatMap((each) => each.limits);
          const limits = bypasses ? [] : this.#conditions(around);
          const of = `${source.kind} \`${source.name}\`${source.place === null ? "" : ` at \`${source.place}\``}`;
          const said = chain.length < 2 ? of : `role \`${bundle.name}\` inside ${of}`;
          ways.push({
            place: source.place,
            limits,
            tests: limits.map((limit) => policies.conditions.test(limit, resource)),
            fields: grant.fields === null ? plain : new Set(grant.fields),
            reason: `${said} grants ${action} on \`${resource}\` (${grant.at})`,
          });
        }
      }
    }
    this.#ways = ways;
    this.#appends = bypasses ? [] : this.#conditions((user?.appends ?? []).map((own) => own.limit));
    this.#appendTests = this.#appends.map((each) => policies.conditions.test(each, resource));
    const placed = sources.flatMap((source) =>
      policies.inside(source).flatMap((bundle) => bundle.denies.map((deny) => ({ place: source.place, deny }))),
    );
    this.#denies = [...placed, ...policies.document.denies.map((deny) => ({ place: null, deny }))]
      .filter(({ deny }) => deny.resource === resource && deny.actions.includes(action))
      .map((each) => ({
        ...each,
        test: each.deny.condition === null ? null : policies.conditions.test(each.deny.condition, resource),
      }));
    this.#denied = this.#answer(denied(`nothing grants ${action} on this \`${resource}\``), new Set());
  }

  /** Without places, denies or anything else that is asked, of a plan with one way: what opens it. */
  get only(): Test | null {
    const [way, more] = this.#ways;
    const asksMore = more !== undefined || this.#denies.length || this.#appends.length || this.#requires !== null;
    if (way === undefined || asksMore || this.#place !== null || this.kind === "create") return null;
    return way.place === null ? all(way.tests) : null;
  }

  /** What is decided if `only` is true, and if not. */
  get outcomes(): readonly [Decision, Decision] {
    return [this.#outcome(this.#ways, []).decision, this.#denied.decision];
  }

  #conditions(limits: readonly Limit[]): Condition[] {
    return limits
      .filter((limit) => this.policies.isOn(limit, this.resource))
      .filter((limit) => limit.actions === null || limit.actions.includes(this.action))
      .map((limit) => this.policies.instances.get(limit.instance)!.condition);
  }

  #answer(decision: Decision, covered: ReadonlySet<string>): Opened {
    return { decision, covered };
  }

  /** Where a record lives; `BAD` for a place that there is not. */
  placeOf(record: unknown): string | null | typeof BAD {
    if (this.#place === null) return null;
    const raw = attribute(record, this.#place);
    if (raw === undefined) return null;
    return this.isPlace(this.#place, raw) ? (raw as string) : BAD;
  }

  /** Whether a value of an attribute that holds places is one of its kind. */
  isPlace(name: string, raw: unknown): boolean {
    const type = this.policies.attributes.get(this.resource)!.get(name)!.type;
    return typeof raw === "string" && this.policies.places.get(raw)?.kind === type.scope;
  }

  /** Whether the action is open on the record, and which attributes it covers. `place` is where the record lives. */
  open(s: Situation, place: string | null): Opened {
    let outcome = 0;
    let bit = 1;
    const wide = this.#ways.length + this.#denies.length > 30;
    const open: Way[] = [];
    const matching: Deny[] = [];
    ways: for (const way of this.#ways) {
      const mine = bit;
      bit *= 2;
      if (way.place !== null && !this.policies.covers(way.place, place)) continue;
      for (const test of way.tests) if (test(s) !== true) continue ways;
      outcome += mine;
      if (wide) open.push(way);
    }
    if (outcome === 0) return this.#denied;
    if (this.#requires !== null && !this.#isMet(this.#requires, place)) {
      return this.#answer(denied(`what ${this.action} requires is not met`), new Set());
    }
    for (const test of this.#appendTests) {
      if (test(s) !== true) return this.#answer(denied("a policy that the user appends is not true"), new Set());
    }
    for (const each of this.#denies) {
      const mine = bit;
      bit *= 2;
      if (each.place !== null && !this.policies.covers(each.place, place)) continue;
      if (each.test !== null && each.test(s) === false) continue;
      outcome += mine;
      if (wide) matching.push(each.deny);
    }
    if (wide) return this.#outcome(open, matching);
    let found = this.#opened.get(outcome);
    if (found === undefined) {
      const denies = this.#denies.filter((_, n) => has(outcome, this.#ways.length + n)).map((each) => each.deny);
      found = this.#outcome(this.#ways.filter((_, n) => has(outcome, n)), denies);
      this.#opened.set(outcome, found);
    }
    return found;
  }

  #outcome(ways: readonly Way[], denies: readonly Deny[]): Opened {
    const whole = denies.find((deny) => deny.fields === null);
    if (whole !== undefined) {
      return this.#answer(denied(`a deny takes ${this.action} on this \`${this.resource}\` away (${whole.at})`), new Set());
    }
    const covered = new Set(ways.flatMap((way) => [...way.fields]));
    for (const deny of denies) for (const name of deny.fields!) covered.delete(name);
    const fields = this.declared.filter((name) => covered.has(name));
    const reasons = [...new Set(ways.map((way) => way.reason))];
    return this.#answer(Object.freeze({ allowed: true, fields, reasons, missing: [] }), covered);
  }

  #isMet(requirement: Requirement, place: string | null): boolean {
    const { policies } = this;
    switch (requirement.requires) {
      case "all":
        return requirement.items!.every((item) => this.#isMet(item, place));
      case "any":
        return requirement.items!.some((item) => this.#isMet(item, place));
      case "feature":
        return policies.features.get(requirement.feature!)!;
      case "superuser":
        return this.subject.user?.superuser ?? false;
      default: {
        const kind = requirement.place_kind ?? null;
        return this.sources.some(
          (source) =>
            (kind === null ||
              source.place === null ||
              (policies.covers(source.place, place) &&
                policies.isKindOrAbove(policies.places.get(source.place)!.kind, kind))) &&
            policies
              .inside(source)
              .some((bundle) =>
                bundle.grants.some(
                  (grant) => grant.resource === requirement.resource && grant.actions.includes(requirement.action!),
                ),
              ),
        );
      }
    }
  }

  // --- what leaves a denial open -----------------------------------------------------------------------------

  /** The attributes without a value that leave a request open; none where the answer is a no whatever they were. */
  missing(moments: readonly Situation[], asked: readonly string[]): string[] {
    if (every(moments.map((s) => this.#could(s, asked))) !== null) return [];
    const found: string[] = [];
    for (const s of moments) {
      const ways = this.#possible(s);
      if (this.#place !== null && ways.some((way) => way.needsPlace)) found.push(this.#place);
      const conditions = [
        ...this.#appends,
        ...ways.filter((way) => way.truth === null).flatMap((way) => way.limits),
        ...this.#takes(s, asked).flatMap((deny) => (deny.condition === null ? [] : [deny.condition])),
      ];
      found.push(...conditions.flatMap((each) => this.policies.conditions.missing(each, this.resource, s)));
    }
    return [...new Set(found)];
  }

  /** The decision with unknown left unknown. */
  #could(s: Situation, asked: readonly string[]): Truth {
    const place = this.#known(s);
    const ways = this.#possible(s);
    return every([
      some(ways.map((way) => way.truth)),
      ...asked.map((name) => some(ways.filter((way) => way.fields.has(name)).map((way) => way.truth))),
      this.#requires === null || this.#isMet(this.#requires, place),
      ...this.#appendTests.map((test) => test(s)),
      ...this.#takes(s, asked).map((deny) => {
        if (deny.condition === null) return false;
        const found = this.policies.conditions.test(deny.condition, this.resource)(s);
        return found === null ? null : !found;
      }),
    ]);
  }

  #known(s: Situation): string | null {
    const place = this.placeOf(s.record);
    return place === BAD ? null : place;
  }

  /** The denies that take the record, or an attribute that is asked for. */
  #takes(s: Situation, asked: readonly string[]): Deny[] {
    const place = this.#known(s);
    return this.#denies
      .filter((each) => each.place === null || this.policies.covers(each.place, place))
      .map((each) => each.deny)
      .filter((deny) => deny.fields === null || deny.fields.some((name) => asked.includes(name)));
  }

  #possible(s: Situation): (Way & { readonly truth: Truth; readonly needsPlace: boolean })[] {
    const place = this.#known(s);
    const open = this.#place !== null && place === null;
    return this.#ways
      .filter((way) => way.place === null || open || this.policies.covers(way.place, place))
      .map((way) => {
        const placed = open && way.place !== null;
        const truth = every([...way.tests.map((test) => test(s)), placed ? null : true]);
        return { ...way, truth, needsPlace: placed && truth === null };
      });
  }
}

export function denied(reason: string): Decision {
  return { allowed: false, fields: [], reasons: [reason], missing: [] };
}

function has(outcome: number, bit: number): boolean {
  return Math.floor(outcome / 2 ** bit) % 2 === 1;
}
