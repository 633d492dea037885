/** The declarations of a policy set by name, and the sources of a user. */

import { Conditions, type World } from "./conditions.js";
import type { Action, Assignment, Attribute, Bundle, Document, Limit, Resource, Type, User } from "./document.js";
import { Zone, nextDay, type Instant } from "./time.js";
import { constants, type Found, type Lookup } from "./values.js";

export interface Source {
  readonly kind: "group" | "role";
  readonly name: string;
  /** Where it holds; everywhere if null. */
  readonly place: string | null;
}

/** Without the place. What a user's block says is a role whose name is none of the language. */
export function inWords({ kind, name }: Source): string {
  const of = "'s own";
  return name.endsWith(of) ? `the block of \`${name.slice(0, -of.length)}\`` : `${kind} \`${name}\``;
}

type Active = (now: Instant, today: string) => boolean;

export interface Subject {
  readonly name: string;
  readonly user: User | undefined;
  readonly given: readonly { readonly source: Source; readonly active: Active | null }[];
  readonly dated: boolean;
}

export class Policies implements World {
  readonly resources: ReadonlyMap<string, Resource>;
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, Attribute>>;
  readonly actions: ReadonlyMap<string, ReadonlyMap<string, Action>>;
  readonly subject: ReadonlyMap<string, Type>;
  readonly request: ReadonlyMap<string, Type>;
  readonly roles: ReadonlyMap<string, Bundle>;
  readonly groups: ReadonlyMap<string, Bundle>;
  readonly users: ReadonlyMap<string, User>;
  readonly instances: ReadonlyMap<string, Document["policy_instances"][number]>;
  readonly features: ReadonlyMap<string, boolean>;
  readonly places: ReadonlyMap<string, Document["places"][number]>;
  readonly kinds: ReadonlyMap<string, string | null>;
  readonly subjects = new Map<string, Subject>();
  readonly zone: Zone;
  readonly conditions: Conditions;
  readonly #values = new Map<string, Map<string, Found>>();
  readonly #chains = new Map<Bundle, readonly (readonly Bundle[])[]>();

  constructor(
    readonly document: Document,
    readonly lookup: Lookup,
  ) {
    this.zone = new Zone(document.timezone);
    this.resources = byName(document.resources);
    this.attributes = new Map(document.resources.map((each) => [each.name, byName(each.attributes)]));
    this.actions = new Map(document.resources.map((each) => [each.name, byName(each.actions)]));
    this.subject = new Map(document.subject.map((each) => [each.name, each.type]));
    this.request = new Map(document.request.map((each) => [each.name, each.type]));
    this.roles = byName(document.roles);
    this.groups = byName(document.groups);
    this.users = new Map(document.users.map((each) => [each.id, each]));
    this.instances = new Map(document.policy_instances.map((each) => [each.id, each]));
    this.features = new Map(document.features.map((each) => [each.name, each.on]));
    this.places = byName(document.places);
    this.kinds = new Map(document.scope.map((each) => [each.name, each.parent]));
    this.conditions = new Conditions(this);
    const jobs = new Map(document.jobs.map((each) => [each.code, each.roles]));
    for (const integration of document.integrations) {
      const bounds = { from: integration.from, until: integration.until, from_time: null, until_time: null };
      const active = this.#active(bounds);
      const given = integration.roles.map((ref) => ({ source: role(ref.name, null), active }));
      this.subjects.set(integration.name, { name: integration.name, user: undefined, given, dated: active !== null });
    }
    for (const user of document.users) {
      const before = this.subjects.get(user.id)?.given ?? [];
      const given: { source: Source; active: Active | null }[] = [...before];
      if (user.group !== null && !user.terminated) {
        given.push({ source: { kind: "group", name: user.group.name, place: null }, active: null });
      }
      const roles = user.job === null ? [] : jobs.get(user.job.name)!.map((ref) => ({ source: role(ref.name, null), active: null }));
      const assigned = user.assignments.map((each) => ({ source: role(each.role, each.place), active: this.#active(each) }));
      for (const each of [...roles, ...assigned]) {
        if (!user.terminated || this.roles.get(each.source.name)!.essential) given.push(each);
      }
      this.subjects.set(user.id, { name: user.id, user, given, dated: given.some((each) => each.active !== null) });
      this.#values.set(user.id, new Map(user.attributes.map((each) => [each.name, constants(this.subject.get(each.name)!, each.values)])));
    }
  }

  userValue(user: string, name: string): Found {
    return this.#values.get(user)?.get(name);
  }

  #active(of: Pick<Assignment, "from" | "from_time" | "until" | "until_time">): Active | null {
    const { from, until } = of;
    if (from === null && until === null) return null;
    if (of.from_time === null && of.until_time === null) {
      return (_, today) => (from === null || from <= today) && (until === null || today <= until);
    }
    const begin = from === null ? null : this.zone.moment(from, of.from_time ?? "00:00", false);
    const behind = until === null || of.until_time !== null ? until : nextDay(until);
    const end = behind === null || behind === undefined ? null : this.zone.moment(behind, of.until_time ?? "00:00", of.until_time !== null);
    return (now) => (begin === null || begin <= now) && (end === null || now < end);
  }

  /** The sources of a user that are active at an instant. */
  sources(subject: Subject, now: Instant): readonly Source[] {
    const today = subject.dated ? this.zone.day(now) : "";
    return subject.given.filter((each) => each.active === null || each.active(now, today)).map((each) => each.source);
  }

  outermost(source: Source): Bundle {
    return (source.kind === "group" ? this.groups : this.roles).get(source.name)!;
  }

  /** The source and every role inside it, each once. */
  inside(source: Source): readonly Bundle[] {
    return [...new Set(this.chains(source).map((chain) => chain[chain.length - 1]!))];
  }

  /**
   * The source and every role inside it, each with what is around it: once for each set of limiting bundles around it,
   * and not for a set that contains another one, since what it says is open wherever it would be with fewer limits.
   */
  chains(source: Source): readonly (readonly Bundle[])[] {
    const outer = this.outermost(source);
    let found = this.#chains.get(outer);
    if (found === undefined) {
      const ways = new Map<Bundle, ReadonlySet<Bundle>[]>();
      const kept: { chain: readonly Bundle[]; limiting: ReadonlySet<Bundle> }[] = [];
      const waiting: (readonly Bundle[])[] = [[outer]];
      for (const chain of waiting) {
        const last = chain[chain.length - 1]!;
        const limiting = new Set(chain.filter((each) => each.limits.length > 0));
        const seen = ways.get(last) ?? [];
        if (seen.some((each) => contains(limiting, each))) continue;
        ways.set(last, [...seen, limiting]);
        kept.push({ chain, limiting });
        for (const ref of last.roles) waiting.push([...chain, this.roles.get(ref.name)!]);
      }
      found = kept
        .filter(({ chain, limiting }) => {
          const others = ways.get(chain[chain.length - 1]!)!;
          return !others.some((each) => each.size < limiting.size && contains(limiting, each));
        })
        .map(({ chain }) => chain);
      this.#chains.set(outer, found);
    }
    return found;
  }

  hasRole(user: string, role: string, now: Instant): boolean {
    const subject = this.users.has(user) ? this.subjects.get(user) : undefined;
    if (subject === undefined) return false;
    const wanted = this.roles.get(role);
    return this.sources(subject, now).some((source) => this.inside(source).some((bundle) => bundle === wanted));
  }

  isOn(limit: Limit, resource: string): boolean {
    return this.instances.get(limit.instance)!.resource === resource;
  }

  covers(place: string | null, below: string | null): boolean {
    if (place === null) return true;
    for (let at = below; at !== null; at = this.places.get(at)?.parent ?? null) if (at === place) return true;
    return false;
  }

  isKindOrAbove(kind: string, wanted: string): boolean {
    for (let at: string | null = wanted; at !== null; at = this.kinds.get(at) ?? null) if (at === kind) return true;
    return false;
  }
}

function contains<T>(whole: ReadonlySet<T>, part: ReadonlySet<T>): boolean {
  for (const each of part) if (!whole.has(each)) return false;
  return true;
}

function role(name: string, place: string | null): Source {
  return { kind: "role", name, place };
}

function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((each) => [each.name, each]));
}
