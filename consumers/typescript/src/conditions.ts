/** Conditions in three-valued logic: true, false, or unknown, which is null. */

import { isInside, readNetwork, type Address } from "./addresses.js";
import { compareDecimals, type Decimal } from "./decimal.js";
import type { Attribute, Condition, Operand, Path, Type } from "./document.js";
import { shiftDay, type Duration, type Instant, type Zone } from "./time.js";
import {
  BAD,
  attribute,
  attributeOf,
  compareDurations,
  constant,
  equality,
  identity,
  isRecord,
  reader,
  sameRecord,
  type Found,
  type Lookup,
  type Truth,
} from "./values.js";

/** What conditions speak of. */
export interface Situation {
  readonly user: string;
  readonly record: Record<string, unknown>;
  readonly request: Record<string, unknown>;
  readonly now: Instant;
}

export type Test = (s: Situation) => Truth;

/** What of a policy set conditions look at. */
export interface World {
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, Attribute>>;
  readonly subject: ReadonlyMap<string, Type>;
  readonly request: ReadonlyMap<string, Type>;
  readonly zone: Zone;
  readonly lookup: Lookup;
  userValue(user: string, name: string): Found;
}

const DEEPEST = 1000;

export class Conditions {
  readonly #world: World;
  readonly #tests = new Map<Condition, Test>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A function that says what a condition says. */
  test(condition: Condition, resource: string): Test {
    let found = this.#tests.get(condition);
    if (found === undefined) {
      found = this.#made(condition, resource);
      this.#tests.set(condition, found);
    }
    return found;
  }

  #made(condition: Condition, resource: string): Test {
    switch (condition.op) {
      case "and":
        return all(condition.items!.map((item) => this.test(item, resource)));
      case "or":
        return any(condition.items!.map((item) => this.test(item, resource)));
      case "not": {
        const inner = this.test(condition.item as Condition, resource);
        return (s) => {
          const found = inner(s);
          return found === null ? null : !found;
        };
      }
      case "missing": {
        const value = this.value(condition.operand!, resource);
        return (s) => {
          const found = value(s);
          return found === BAD ? null : found === undefined;
        };
      }
      case "hours": {
        const { first, last } = condition as { first: string; last: string };
        return (s) => {
          const time = this.#world.zone.clock(s.now);
          return first <= last ? first <= time && time < last : time >= first || time < last;
        };
      }
      case "weekdays": {
        const days = new Set(condition.days);
        return (s) => days.has(this.#world.zone.weekday(s.now));
      }
      case "compare":
        return this.#comparison(condition, resource);
      case "time":
        return this.#time(condition, resource);
      case "in": {
        const type = condition.operand!.type;
        const same = equality(type);
        const values = condition.values!.map((each) => constant(type, each));
        return this.#one(condition.operand!, resource, (found) => some(values.map((each) => same(found, each))));
      }
      case "in_network": {
        const network = readNetwork(condition.network!)!;
        return this.#one(condition.operand!, resource, (found) => isInside(found as Address, network));
      }
      case "empty":
        return this.#one(condition.operand!, resource, (found) => (found as unknown[]).length === 0);
      case "contains": {
        const same = equality((condition.item as Operand).type);
        return this.#two(condition.operand!, condition.item as Operand, resource, (items, wanted) =>
          some((items as unknown[]).map((each) => (each === undefined ? null : same(each, wanted)))),
        );
      }
      case "overlaps": {
        const same = equality(condition.left!.type.of ?? condition.left!.type);
        return this.#two(condition.left!, condition.right!, resource, (left, right) =>
          overlap(same, left as unknown[], right as unknown[]),
        );
      }
      case "text": {
        const test = { contains, starts_with: startsWith, ends_with: endsWith }[condition.test!]!;
        return this.#two(condition.operand!, condition.part!, resource, (text, part) =>
          test(text as string, part as string),
        );
      }
      case "under":
        return this.#under(condition, resource);
      default:
        throw new TypeError(`unknown condition ${condition.op}`);
    }
  }

  #one(operand: Operand, resource: string, test: (found: unknown) => Truth): Test {
    const value = this.value(operand, resource);
    return (s) => {
      const found = value(s);
      return found === BAD || found === undefined ? null : test(found);
    };
  }

  #two(one: Operand, other: Operand, resource: string, test: (left: unknown, right: unknown) => Truth): Test {
    const [left, right] = [this.value(one, resource), this.value(other, resource)];
    return (s) => {
      const first = left(s);
      if (first === BAD || first === undefined) return null;
      const second = right(s);
      return second === BAD || second === undefined ? null : test(first, second);
    };
  }

  #comparison(condition: Condition, resource: string): Test {
    const type = condition.left!.type;
    if (condition.test === "eq") return this.#two(condition.left!, condition.right!, resource, equality(type));
    const order = ORDERS[condition.test!]!;
    const compare = comparing(type);
    return this.#two(condition.left!, condition.right!, resource, (left, right) => {
      const difference = compare(left, right);
      return difference === null ? null : order(difference);
    });
  }

  #time(condition: Condition, resource: string): Test {
    const { zone } = this.#world;
    const sign = condition.test === "within_next" ? 1 : -1;
    const isDay = condition.operand!.type.kind === "date";
    const [operand, duration] = [this.value(condition.operand!, resource), this.value(condition.duration!, resource)];
    return (s) => {
      const found = operand(s);
      if (found === BAD || found === undefined) return null;
      const length = duration(s);
      if (length === BAD || length === undefined) return null;
      const now = isDay ? zone.day(s.now) : s.now;
      const edge = isDay
        ? shiftDay(now as string, length as Duration, sign)
        : zone.shift(s.now, length as Duration, sign);
      if (edge === undefined) return null;
      const at = found as string;
      if (condition.test === "within") return (edge as string) <= at && at <= (now as string);
      return condition.test === "within_next" ? (now as string) <= at && at <= (edge as string) : at < (edge as string);
    };
  }

  #under(condition: Condition, resource: string): Test {
    const tree = condition.tree!;
    const of = condition.operand!.type.resource!;
    return this.#two(condition.operand!, condition.top!, resource, (record, top) => {
      const seen = new Set<unknown>();
      let at: unknown = record;
      for (let steps = 0; steps <= DEEPEST; steps += 1) {
        const own = identity(at);
        if (sameRecord(at, top)) return true;
        if (typeof own === "string") {
          if (seen.has(own)) return null;
          seen.add(own);
        }
        if (typeof at === "string") {
          at = this.#world.lookup(of, at) ?? undefined;
          if (at === undefined || !isRecord(at)) return null;
        }
        at = attribute(at, tree);
        if (at === undefined) return condition.optional ? false : null;
        if (typeof at !== "string" && !isRecord(at)) return null;
      }
      return null;
    });
  }

  // --- values ------------------------------------------------------------------------------------------------

  value(operand: Operand, resource: string): (s: Situation) => Found {
    if (operand.op === "constant") {
      const found = constant(operand.type, operand.value);
      return () => found;
    }
    const [first, ...rest] = operand.steps;
    if (operand.root === "subject") return this.#walk({ kind: "user" }, (s) => s.user, operand.steps);
    if (first === undefined) return (s) => s.record;
    const isRequest = operand.root === "request";
    const type = isRequest ? this.#world.request.get(first)! : this.#world.attributes.get(resource)!.get(first)!.type;
    const read = reader(type);
    const found = (raw: unknown): Found => (raw === undefined ? undefined : read(raw));
    // Most conditions are about attributes of the record itself: those are one step.
    if (isRequest) return this.#walk(type, (s) => found(attributeOf(s.request, first)), rest);
    return this.#walk(type, (s) => found(attributeOf(s.record, first)), rest);
  }

  #walk(type: Type, from: (s: Situation) => Found, steps: readonly string[]): (s: Situation) => Found {
    let found = from;
    let at = type;
    for (const step of steps) {
      const before = found;
      if (at.kind === "user") {
        at = this.#world.subject.get(step)!;
        found = (s) => {
          const user = before(s);
          return user === BAD || user === undefined ? user : this.#world.userValue(user as string, step);
        };
      } else {
        at = this.#world.attributes.get(at.resource!)!.get(step)!.type;
        const read = reader(at);
        found = (s) => {
          const record = before(s);
          if (record === BAD) return BAD;
          const raw = attribute(record, step);
          return raw === undefined ? undefined : read(raw);
        };
      }
    }
    return found;
  }

  // --- why a condition is unknown ----------------------------------------------------------------------------

  /** What has no value and makes a condition unknown, as a condition writes it. */
  missing(condition: Condition, resource: string, s: Situation): string[] {
    if (this.test(condition, resource)(s) !== null) return [];
    if (condition.op === "and" || condition.op === "or") {
      return condition.items!.flatMap((item) => this.missing(item, resource, s));
    }
    if (condition.op === "not") return this.missing(condition.item as Condition, resource, s);
    const found: string[] = [];
    for (const side of sides(condition)) {
      if (side.op !== "path") continue;
      for (let length = 1; length <= side.steps.length; length += 1) {
        const part = { ...side, steps: side.steps.slice(0, length) };
        const value = this.value(part, resource)(s);
        if (value === undefined) found.push(inWords(part));
        if (value === BAD || value === undefined) break;
      }
    }
    if (condition.op === "under") found.push(...this.#missingAbove(condition, resource, s));
    return found;
  }

  #missingAbove(condition: Condition, resource: string, s: Situation): string[] {
    const operand = condition.operand as Path;
    const record = this.value(operand, resource)(s);
    if (record === BAD || record === undefined || (typeof record !== "string" && condition.optional)) return [];
    const above = { ...operand, steps: [...operand.steps, condition.tree!] };
    return this.value(above, resource)(s) === undefined ? [inWords(above)] : [];
  }
}

function sides(condition: Condition): Operand[] {
  const { op, left, right, operand, duration, part, top } = condition;
  const item = op === "contains" ? (condition.item as Operand) : undefined;
  return [left, right, operand, item, duration, part, top].filter((each) => each !== undefined);
}

function inWords(path: Path): string {
  const root = { record: [], subject: ["assigned user"], request: ["request"] }[path.root];
  return [...root, ...path.steps].join(".");
}

const ORDERS: Record<string, (difference: number) => boolean> = {
  lt: (difference) => difference < 0,
  le: (difference) => difference <= 0,
  gt: (difference) => difference > 0,
  ge: (difference) => difference >= 0,
};

function comparing(type: Type): (left: unknown, right: unknown) => number | null {
  switch (type.kind) {
    case "int":
    case "decimal":
    case "money":
      return (left, right) => compareDecimals(left as Decimal, right as Decimal);
    case "duration":
      return (left, right) => compareDurations(left as Duration, right as Duration);
    default:
      return (left, right) => ((left as string) < (right as string) ? -1 : left === right ? 0 : 1);
  }
}

/** Whether a place in a text lies between the two halves of a character behind U+FFFF, of which none is a character. */
function splits(text: string, at: number): boolean {
  return at > 0 && at < text.length && text.codePointAt(at - 1)! > 0xffff;
}

function contains(text: string, part: string): boolean {
  let at = text.indexOf(part);
  while (at >= 0 && (splits(text, at) || splits(text, at + part.length))) at = text.indexOf(part, at + 1);
  return at >= 0;
}

function startsWith(text: string, part: string): boolean {
  return text.startsWith(part) && !splits(text, part.length);
}

function endsWith(text: string, part: string): boolean {
  return text.endsWith(part) && !splits(text, text.length - part.length);
}

function overlap(same: (one: unknown, other: unknown) => Truth, left: readonly unknown[], right: readonly unknown[]): Truth {
  return some(
    left.flatMap((one) =>
      right.map((other) => (one === undefined || other === undefined ? null : same(one, other))),
    ),
  );
}

/** True if one is true, else unknown if one is unknown, else false. */
export function some(truths: readonly Truth[]): Truth {
  return truths.includes(true) ? true : truths.includes(null) ? null : false;
}

/** False if one is false, else unknown if one is unknown, else true. */
export function every(truths: readonly Truth[]): Truth {
  return truths.includes(false) ? false : truths.includes(null) ? null : true;
}

const ALWAYS: Test = () => true;

export function all(tests: readonly Test[]): Test {
  if (tests.length < 2) return tests[0] ?? ALWAYS;
  return (s) => {
    let found: Truth = true;
    for (const test of tests) {
      const truth = test(s);
      if (truth === false) return false;
      if (truth === null) found = null;
    }
    return found;
  };
}

function any(tests: readonly Test[]): Test {
  return (s) => {
    let found: Truth = false;
    for (const test of tests) {
      const truth = test(s);
      if (truth === true) return true;
      if (truth === null) found = null;
    }
    return found;
  };
}
