// The server of `policylang explore`: what it shows, and the language server's requests.
import type { PolicyDocument } from "./document";

export interface Tested { text: string; truth: boolean | null }
export interface Obstacle { kind: string; text: string; truth: boolean | null; tests: Tested[]; at: string | null }
export interface Limit { instance: string; condition: string; said_by: string; truth: boolean | null; tests: Tested[]; attached: string }
export interface ExplainedWay { source: string; chain: string[]; given: { text: string; at: string }; open: boolean; obstacles: Obstacle[]; held: Limit[]; at: string }
export interface Required { text: string; met: boolean; items: Required[] }
export interface Denied { said_by: string; fields: string[] | null; condition: string | null; truth: boolean | null; applies: boolean; at: string }
export interface ExplainedMoment {
  when: string; open: boolean; bypasses_policies: boolean; ways: ExplainedWay[]; left_out: number;
  requires: Required | null; appends: Limit[]; denies: Denied[];
}
export interface Explanation {
  decision: { allowed: boolean; fields: string[]; reasons: string[] };
  problem: string | null; did_you_mean: string | null; moments: ExplainedMoment[];
  smallest_change: { kind: string; text: string }[];
}
export interface Answer { error?: string; now?: string; allowed?: boolean; explanation?: Explanation; text?: string; path?: string }

/** What answers questions: a server, or the compiler in the page. */
export interface Asking {
  /** Whether decisions can be kept as tests. */
  readonly keeps: boolean;
  ask(method: "explain" | "keep", params: Record<string, unknown>): Promise<Answer>;
}

export class Live implements Asking {
  readonly keeps = true;
  private number = 0;

  async documents(): Promise<PolicyDocument[]> {
    const answer = await fetch("data");
    return answer.json() as Promise<PolicyDocument[]>;
  }

  /** Calls when there is something newer, or a mistake that keeps it away. */
  watch(changed: (version: number, problem: string | null) => void, lost: (lost: boolean) => void): void {
    const events = new EventSource("events");
    events.onopen = () => lost(false);
    events.onerror = () => lost(true);
    events.onmessage = (event) => {
      const { version, problem } = JSON.parse(event.data as string) as { version: number; problem: string | null };
      changed(version, problem);
    };
  }

  async ask(method: "explain" | "keep", params: Record<string, unknown>): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++this.number, method: `policylang/${method}`, params });
    const answer = await fetch("ask", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!answer.ok) return { error: `the server answers ${answer.status}` };
    return ((await answer.json()) as { result: Answer }).result;
  }
}
