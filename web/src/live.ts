// The server of `policylang explore`: what it shows, and the language server's requests.
import type { PolicyDocument } from "./document";
import { editorModule, transport } from "./editing";

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
  smallest_change: { kind: string; text: string }[]; ruled_out: string[];
}
export interface Answer { error?: string; now?: string; allowed?: boolean; explanation?: Explanation; text?: string; path?: string }

export interface PolicyFile { path: string; uri: string }
export interface FileAnswer { error?: string; files?: PolicyFile[]; uri?: string; text?: string; digest?: string; changed?: boolean }

/** Files that can be edited and saved. */
export interface Editing {
  files(): Promise<FileAnswer>;
  open(path: string): Promise<FileAnswer>;
  save(path: string, text: string, digest: string): Promise<FileAnswer>;
  /** What knows the language; ``lost`` is called when it ends. */
  client(lost: () => void): Promise<unknown>;
}

/** What answers questions: a server, or the compiler in the page. */
export interface Asking {
  readonly editing?: Editing;
  /** Whether decisions can be kept as tests. */
  readonly keeps: boolean;
  ask(method: "explain" | "keep", params: Record<string, unknown>): Promise<Answer>;
}

export class Live implements Asking {
  readonly keeps = true;
  readonly editing: Editing = {
    files: () => this.request("files", {}),
    open: (path) => this.request("open", { path }),
    save: (path, text, digest) => this.request("save", { path, text, digest }),
    client: (lost) => (this.connected ??= this.connect(lost)),
  };
  private number = 0;
  private connected: Promise<unknown> | undefined;

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

  ask(method: "explain" | "keep", params: Record<string, unknown>): Promise<Answer> {
    return this.request(method, params);
  }

  private async connect(lost: () => void): Promise<unknown> {
    const editor = await editorModule();
    const socket = new WebSocket(new URL("lsp", location.href.replace(/^http/, "ws").split("#")[0]));
    await new Promise((done, failed) => { socket.onopen = done; socket.onerror = failed; });
    const { transport: made, receive } = transport((message) => socket.send(message));
    socket.onmessage = (event) => receive(event.data as string);
    socket.onclose = lost;
    return editor.connect(made, "");
  }

  private async request<T extends { error?: string }>(method: string, params: Record<string, unknown>): Promise<T | { error: string }> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++this.number, method: `policylang/${method}`, params });
    const answer = await fetch("ask", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!answer.ok) return { error: `the server answers ${answer.status}` };
    return ((await answer.json()) as { result: T }).result;
  }
}
