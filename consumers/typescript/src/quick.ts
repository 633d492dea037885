/** What most decisions need of a plan. */

import type { Situation, Test } from "./conditions.js";
import type { Operation } from "./operation.js";
import type { Decision, Plan } from "./plan.js";

/**
 * Of a plan with one way or none: the test that opens it, and what is decided if it does. The plan itself is made again
 * where more is asked: with thousands of users decisions wait for memory, and this takes a third of it.
 */
export class Quick {
  readonly #opens: Test | null;
  readonly granted: Decision;
  #plan: Plan | null;

  constructor(plan: Plan) {
    this.#opens = plan.only;
    this.granted = plan.granted;
    this.#plan = this.#opens === null ? plan : null;
  }

  /** The denial of a request; null if it is allowed, and undefined where only the plan can tell. */
  denial(operation: Operation, s: Situation): Decision | null | undefined {
    const opens = this.#opens;
    if (opens === null) return undefined;
    return opens(s) === true ? operation.taking(s) : operation.denied;
  }

  plan(operation: Operation, { user, now }: Situation): Plan {
    return (this.#plan ??= operation.plan(user, now));
  }
}
