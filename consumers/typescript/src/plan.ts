/** What is left of the decision when only user, action and resource are known. */

import { all, every, some, type Situation, type Test } from "./conditions.js";
import type { Condition, Limit, Requirement } from "./document.js";
import type { Operation, PlacedDeny } from "./operation.js";
import { inWords, type Source, type Subject } from "./policies.js";
import { BAD, type Truth } from "./values.js";

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

export interface Opened {
  readonly decision: Decision;
  readonly covered: ReadonlySet<string>;
}

export class Plan {
  readonly #ways: readonly Way[];
  readonly #denies: readonly PlacedDeny[];
  readonly #appends: readonly Condition[];
  readonly #appendTests: readonly Test[];
  readonly #opened = new Map<number, Opened>();

  constructor(
    readonly operation: Operation,
    readonly subject: Subject,
    readonly sources: readonly Source[],
  ) {
    const { action, resource, policies, bypasses } = operation;
    const { user } = subject;
    const overrides = (user?.overrides ?? []).map((own) => own.limit).filter((limit) => policies.isOn(limit, resource));
    const ways: Way[] = [];
    for (const source of sources) {
      for (const chain of policies.chains(source)) {
        const bundle = chain[chain.length - 1]!;
        for (const grant of bundle.grants) {
          if (grant.resource !== resource || !grant.actions.includes(action)) continue;
          const around = source.kind === "group" && overrides.length ? overrides : chain.flatMap((each) => each.limits);
          const limits = bypasses ? [] : this.#conditions(around);
          const of = `${inWords(source)}${source.place === null ? "" : ` at \`${source.place}\``}`;
          const said = chain.length < 2 ? of : `role \`${bundle.name}\` inside ${of}`;
          ways.push({
            place: source.place,
            limits,
            tests: limits.map((limit) => policies.conditions.test(limit, resource)),
            fields: grant.fields === null ? operation.plain : new Set(grant.fields),
            reason: `${said} grants ${action} on \`${resource}\` (${grant.at})`,
          });
        }
      }
    }
    this.#ways = ways;
    this.#appends = bypasses ? [] : this.#conditions((user?.appends ?? []).map((own) => own.limit));
    this.#appendTests = this.#appends.map((each) => policies.conditions.test(each, resource));
    const own = sources.flatMap((source) =>
      policies.inside(source).flatMap((bundle) => operation.placed(bundle.denies, source.place)),
    );
    this.#denies = [...own, ...operation.denies];
  }

  /** What opens the plan, but for the denies for everyone; null where more is asked than that. */
  get only(): Test | null {
    const [way, more] = this.#ways;
    const { operation } = this;
    const own = this.#appends.length > 0 || this.#denies.length > operation.denies.length;
    if (more !== undefined || own || !operation.isQuick) return null;
    if (way === undefined) return NEVER;
    return way.place === null ? all(way.tests) : null;
  }

  /** The decision if every way is open and no deny takes the record. */
  get granted(): Decision {
    return this.#outcome(this.#ways, []).decision;
  }

  #conditions(limits: readonly Limit[]): Condition[] {
    const { action, resource, policies } = this.operation;
    return limits
      .filter((limit) => policies.isOn(limit, resource))
      .filter((limit) => limit.actions === null || limit.actions.includes(action))
      .map((limit) => policies.instances.get(limit.instance)!.condition);
  }

  /** Whether the action is open on the record, and which attributes it covers. `place` is where the record lives. */
  open(s: Situation, place: string | null): Opened {
    const { policies, requires, action } = this.operation;
    let outcome = 0;
    let bit = 1;
    const wide = this.#ways.length + this.#denies.length > 30;
    const open: Way[] = [];
    const matching: PlacedDeny[] = [];
    ways: for (const way of this.#ways) {
      const mine = bit;
      bit *= 2;
      if (way.place !== null && !policies.covers(way.place, place)) continue;
      for (const test of way.tests) if (test(s) !== true) continue ways;
      outcome += mine;
      if (wide) open.push(way);
    }
    if (outcome === 0) return closed(this.operation.denied);
    if (requires !== null && !this.#isMet(requires, place)) return closed(denied(`what ${action} requires is not met`));
    for (const test of this.#appendTests) {
      if (test(s) !== true) return closed(denied("a policy that the user appends is not true"));
    }
    for (const each of this.#denies) {
      const mine = bit;
      bit *= 2;
      if (each.place !== null && !policies.covers(each.place, place)) continue;
      if (each.test !== null && each.test(s) === false) continue;
      outcome += mine;
      if (wide) matching.push(each);
    }
    if (wide) return this.#outcome(open, matching);
    let found = this.#opened.get(outcome);
    if (found === undefined) {
      const denies = this.#denies.filter((_, n) => has(outcome, this.#ways.length + n));
      found = this.#outcome(this.#ways.filter((_, n) => has(outcome, n)), denies);
      this.#opened.set(outcome, found);
    }
    return found;
  }

  #outcome(ways: readonly Way[], denies: readonly PlacedDeny[]): Opened {
    const whole = denies.find(({ deny }) => deny.fields === null);
    if (whole !== undefined) return closed(whole.decision);
    const covered = new Set(ways.flatMap((way) => [...way.fields]));
    for (const { deny } of denies) for (const name of deny.fields!) covered.delete(name);
    const fields = this.operation.declared.filter((name) => covered.has(name));
    const reasons = [...new Set(ways.map((way) => way.reason))];
    return { decision: Object.freeze({ allowed: true, fields, reasons, missing: [] }), covered };
  }

  #isMet(requirement: Requirement, place: string | null): boolean {
    const { policies } = this.operation;
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
    const { policies, resource, place } = this.operation;
    const found: string[] = [];
    for (const s of moments) {
      const ways = this.#possible(s);
      if (place !== null && ways.some((way) => way.needsPlace)) found.push(place);
      const conditions = [
        ...this.#appends,
        ...ways.filter((way) => way.truth === null).flatMap((way) => way.limits),
        ...this.#takes(s, asked).flatMap(({ deny }) => (deny.condition === null ? [] : [deny.condition])),
      ];
      found.push(...conditions.flatMap((each) => policies.conditions.missing(each, resource, s)));
    }
    return [...new Set(found)];
  }

  /** The decision with unknown left unknown. */
  #could(s: Situation, asked: readonly string[]): Truth {
    const { requires } = this.operation;
    const place = this.#known(s);
    const ways = this.#possible(s);
    return every([
      some(ways.map((way) => way.truth)),
      ...asked.map((name) => some(ways.filter((way) => way.fields.has(name)).map((way) => way.truth))),
      requires === null || this.#isMet(requires, place),
      ...this.#appendTests.map((test) => test(s)),
      ...this.#takes(s, asked).map(({ test }) => {
        const found = test === null || test(s);
        return found === null ? null : !found;
      }),
    ]);
  }

  #known(s: Situation): string | null {
    const place = this.operation.placeOf(s.record);
    return place === BAD ? null : place;
  }

  /** The denies that take the record, or an attribute that is asked for. */
  #takes(s: Situation, asked: readonly string[]): PlacedDeny[] {
    const place = this.#known(s);
    return this.#denies
      .filter((each) => each.place === null || this.operation.policies.covers(each.place, place))
      .filter(({ deny }) => deny.fields === null || deny.fields.some((name) => asked.includes(name)));
  }

  #possible(s: Situation): (Way & { readonly truth: Truth; readonly needsPlace: boolean })[] {
    const place = this.#known(s);
    const open = this.operation.place !== null && place === null;
    return this.#ways
      .filter((way) => way.place === null || open || this.operation.policies.covers(way.place, place))
      .map((way) => {
        const placed = open && way.place !== null;
        const truth = every([...way.tests.map((test) => test(s)), placed ? null : true]);
        return { ...way, truth, needsPlace: placed && truth === null };
      });
  }
}

const NEVER: Test = () => false;

function closed(decision: Decision): Opened {
  return { decision, covered: new Set() };
}

export function denied(reason: string): Decision {
  return { allowed: false, fields: [], reasons: [reason], missing: [] };
}

function has(outcome: number, bit: number): boolean {
  return Math.floor(outcome / 2 ** bit) % 2 === 1;
}
