/** Decisions in web servers: for Express and Fastify, by a policy set in this process or by a service that has it. */

import type { Decision, PolicySet } from "./index.js";

/** What a request is about to do. */
export interface Asked {
  readonly user: string;
  readonly action: string;
  readonly resource: string;
  /** The id of the record. A service looks up what it is not told. */
  readonly id?: string;
  readonly record?: object | null;
  /** The attributes of the request itself. */
  readonly request?: object | null;
  readonly field?: string | null;
  readonly changes?: Readonly<Record<string, unknown>> | null;
}

export type Decider = (asked: Asked) => Decision | Promise<Decision>;

/** Decides in this process; `policies` is called each time, so that it may return newer ones. */
export function local(policies: () => PolicySet, now: () => Date = () => new Date()): Decider {
  return ({ user, action, resource, id, record, request, field, changes }) => {
    const known = id === undefined ? record : { id, ...record };
    const options = { now: now(), request: request ?? null, field: field ?? null, changes: changes ?? null };
    return policies().decide(user, action, resource, known, options);
  };
}

interface Answer {
  readonly status: number;
  json(): Promise<unknown>;
}

type Fetch = (address: string, options: object) => Promise<Answer>;

export interface RemoteOptions {
  /** The bearer token of this client. */
  readonly token?: string;
  /** Milliseconds until the service is given up. */
  readonly timeout?: number;
  /** The type of the subjects, as the service knows it. */
  readonly subject?: string;
  readonly fetch?: Fetch;
}

/** Asks a service by the Authorization API of AuthZEN; what it does not answer rejects. */
export function remote(base: string, options: RemoteOptions = {}): Decider {
  const address = `${base.replace(/\/+$/, "")}/access/v1/evaluation`;
  const { AbortSignal, fetch } = globalThis as unknown as {
    AbortSignal: { timeout(milliseconds: number): unknown };
    fetch: Fetch;
  };
  const ask = options.fetch ?? fetch;
  return async ({ user, action, resource, id, record, request, field, changes }) => {
    const properties = { ...(field == null ? {} : { field }), ...(changes == null ? {} : { changes }) };
    const answer = await ask(address, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }),
      },
      body: JSON.stringify({
        subject: { type: options.subject ?? "user", id: user },
        action: { name: action, properties },
        resource: { type: resource, id: id ?? "", properties: record ?? {} },
        context: request ?? {},
      }),
      redirect: "error",
      signal: AbortSignal.timeout(options.timeout ?? 5000),
    });
    if (answer.status !== 200) throw new Error(`the service answers ${answer.status}`);
    return decisionOf(await answer.json());
  };
}

function decisionOf(content: unknown): Decision {
  const { decision, context } = Object(content) as { decision?: unknown; context?: Record<string, unknown> };
  if (typeof decision !== "boolean") throw new Error("the service does not say what it decided");
  const texts = (name: string): readonly string[] => {
    const found = context?.[name];
    return Array.isArray(found) ? found.filter((each): each is string => typeof each === "string") : [];
  };
  return { allowed: decision, fields: texts("fields"), reasons: texts("reasons"), missing: texts("missing") };
}

/** What a request is about to do; `null` where nobody is known to ask. */
export type Question<Request> = (request: Request) => Asked | null | Promise<Asked | null>;

/** 401 where nobody is known, 403 where it is denied, 503 where it cannot be decided. */
type Refused = 401 | 403 | 503;

async function decided<Request>(decide: Decider, question: Question<Request>, request: Request): Promise<Decision | Refused> {
  try {
    const asked = await question(request);
    if (asked === null) return 401;
    const decision = await decide(asked);
    return decision.allowed === true ? decision : 403;
  } catch {
    return 503;
  }
}

interface ExpressResponse {
  locals: Record<string, unknown>;
  sendStatus(status: number): unknown;
}

/** A handler of Express, before those that do it; they find the decision in `response.locals.decision`. */
export function express<Request>(decide: Decider, question: Question<Request>) {
  return async (request: Request, response: ExpressResponse, next: () => void): Promise<void> => {
    const found = await decided(decide, question, request);
    if (typeof found === "number") {
      response.sendStatus(found);
      return;
    }
    response.locals["decision"] = found;
    next();
  };
}

interface FastifyReply {
  code(status: number): { send(): unknown };
}

/** A `preHandler` of Fastify; handlers find the decision in `request.decision`, which `decorateRequest` declares. */
export function fastify<Request extends object>(decide: Decider, question: Question<Request>) {
  return async (request: Request, reply: FastifyReply): Promise<unknown> => {
    const found = await decided(decide, question, request);
    if (typeof found === "number") return reply.code(found).send();
    (request as { decision?: Decision }).decision = found;
    return undefined;
  };
}
