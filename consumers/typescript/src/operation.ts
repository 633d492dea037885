/** An action of a resource: what of its decisions is the same for every user, and the plans of the users. */

import type { Situation, Test } from "./conditions.js";
import type { Deny, Requirement } from "./document.js";
import { Plan, denied, type Decision } from "./plan.js";
import type { Policies } from "./policies.js";
import type { Quick } from "./quick.js";
import type { Instant } from "./time.js";
import { BAD, attribute } from "./values.js";

export interface PlacedDeny {
  readonly place: string | null;
  readonly deny: Deny;
  /** Null if it takes every record. */
  readonly test: Test | null;
  readonly decision: Decision;
}

export class Operation {
  readonly kind: string | null;
  /** The attributes of the resource in the order of their declaration, and those that are not sensitive. */
  readonly declared: readonly string[];
  readonly plain: ReadonlySet<string>;
  readonly requires: Requirement | null;
  readonly bypasses: boolean;
  /** The attribute that says where a record lives. */
  readonly place: string | null;
  /** Those for everyone. */
  readonly denies: readonly PlacedDeny[];
  readonly denied: Decision;
  /** Of the users whose sources are the same at any instant. */
  readonly plans = new Map<string, Quick>();

  constructor(
    readonly policies: Policies,
    readonly action: string,
    readonly resource: string,
  ) {
    const declared = policies.actions.get(resource)!.get(action)!;
    const { attributes, place } = policies.resources.get(resource)!;
    this.kind = declared.kind;
    this.requires = declared.requires;
    this.bypasses = declared.bypasses_policies;
    this.place = place;
    this.declared = attributes.map((each) => each.name);
    this.plain = new Set(attributes.filter((each) => !each.sensitive).map((each) => each.name));
    this.denied = denied(`nothing grants ${action} on this \`${resource}\``);
    this.denies = this.placed(policies.document.denies, null);
  }

  /** The denies of this action among some. */
  placed(denies: readonly Deny[], place: string | null): PlacedDeny[] {
    const { policies, action, resource } = this;
    return denies
      .filter((deny) => deny.resource === resource && deny.actions.includes(action))
      .map((deny) => ({
        place,
        deny,
        test: deny.condition === null ? null : policies.conditions.test(deny.condition, resource),
        decision: denied(`a deny takes ${action} on this \`${resource}\` away (${deny.at})`),
      }));
  }

  /** The whole plan of a user or integration that there is. */
  plan(user: string, now: Instant): Plan {
    const subject = this.policies.subjects.get(user)!;
    return new Plan(this, subject, this.policies.sources(subject, now));
  }

  /** Where a record lives; `BAD` for a place that there is not. */
  placeOf(record: unknown): string | null | typeof BAD {
    if (this.place === null) return null;
    const raw = attribute(record, this.place);
    if (raw === undefined) return null;
    return this.isPlace(this.place, raw) ? (raw as string) : BAD;
  }

  /** Whether a value of an attribute that holds places is one of its kind. */
  isPlace(name: string, raw: unknown): boolean {
    const { type } = this.policies.attributes.get(this.resource)!.get(name)!;
    return typeof raw === "string" && this.policies.places.get(raw)?.kind === type.scope;
  }

  /** Whether an open way is all that it takes, but for the denies for everyone. */
  get isQuick(): boolean {
    const wholly = this.denies.every(({ deny }) => deny.fields === null);
    return wholly && this.place === null && this.requires === null;
  }

  /** The deny for everyone that takes a record, where it is quick. */
  taking(s: Situation): Decision | null {
    for (const each of this.denies) if (each.test === null || each.test(s) !== false) return each.decision;
    return null;
  }
}
