// The compiler runs in a worker of the page: nothing that is typed here leaves the machine.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { App } from "./app";
import { Code, Jump } from "./code";
import type { PolicyDocument } from "./document";
import { editorModule, type Opened, transport } from "./editing";
import type { Answer, Asking } from "./live";
import { visible } from "./model";

interface Example { id: string; title: string; group: string; text: string }
interface Reply { lsp?: string; id?: number; ready?: boolean; failed?: string; answer?: Answer; said?: { problem: string | null; seconds: number }; documents?: PolicyDocument[] }

class Compiler implements Asking {
  readonly keeps = false;
  private worker = new Worker("worker.js", { type: "module" });
  private waiting = new Map<number, (reply: Reply) => void>();
  private number = 0;

  private language = transport((lsp) => this.worker.postMessage({ lsp }));

  constructor(private state: (state: string) => void) {
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.lsp !== undefined) this.language.receive(data.lsp);
      else if (data.ready) this.state("");
      else if (data.id === undefined) this.state(`It could not be started: ${data.failed}`);
      else {
        this.waiting.get(data.id)?.(data);
        this.waiting.delete(data.id);
      }
    };
  }

  private send(message: Record<string, unknown>): Promise<Reply> {
    const id = ++this.number;
    this.worker.postMessage({ id, ...message });
    return new Promise((done) => this.waiting.set(id, done));
  }

  /** What knows the language, over the same worker. */
  async client(): Promise<unknown> {
    return (await editorModule()).connect(this.language.transport, "file:///policies");
  }

  check(text: string): Promise<Reply> {
    return this.send({ text });
  }

  async ask(method: "explain" | "keep", params: Record<string, unknown>): Promise<Answer> {
    const { answer, failed } = await this.send({ method: `policylang/${method}`, params });
    return answer ?? { error: failed };
  }
}

async function packed(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function unpacked(text: string): Promise<string> {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
}

const START = "PL301-bad";

export function Playground() {
  const [state, tell] = useState("Starting Python in your browser …");
  const compiler = useMemo(() => new Compiler(tell), []);
  const [examples, setExamples] = useState<Example[]>([]);
  const [text, setText] = useState<string | null>(null);
  const [documents, show] = useState<PolicyDocument[]>([]);
  const [problem, say] = useState<string | null>(null);
  const [seconds, took] = useState<number | null>(null);
  const [link, share] = useState<string | null>(null);
  const [client, connect] = useState<unknown>(null);
  const opened = useRef<Opened>(null);
  const latest = useRef(0);
  const put = (text: string) => { setText(text); opened.current?.replace(text); };
  useEffect(() => { void compiler.client().then(connect); }, []);
  useEffect(() => {
    void (async () => {
      const all = (await (await fetch("examples.json")).json()) as Example[];
      setExamples(all);
      const wanted = new URLSearchParams(location.hash.replace(/^#/, ""));
      const shared = wanted.get("share");
      const example = all.find((each) => each.id === (wanted.get("example") ?? START)) ?? all[0];
      if (shared !== null || wanted.has("example")) history.replaceState(null, "", "#/findings");
      else if (!location.hash) history.replaceState(null, "", "#/findings");
      dispatchEvent(new HashChangeEvent("hashchange"));
      setText(shared === null ? example!.text : await unpacked(shared).catch(() => "# what was shared cannot be read\n"));
    })();
  }, []);
  useEffect(() => {
    if (text === null) return;
    const number = ++latest.current;
    const timer = setTimeout(() => void compiler.check(text).then((reply) => {
      if (number !== latest.current) return;
      say(reply.failed ?? reply.said?.problem ?? null);
      took(reply.said?.seconds ?? null);
      if (reply.documents?.length && !reply.said?.problem) show(reply.documents);
    }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  const groups = [...new Set(examples.map((each) => each.group))];
  const status = state || (problem ? problem : seconds === null ? "Checking …" : `checked in ${seconds.toFixed(2)} seconds, in your browser`);
  return (
    <div class="playing">
      <section class="writing" aria-label="Policies">
        <div class="tools">
          <select aria-label="Example" value="" onChange={(e) => { const found = examples.find((each) => each.id === e.currentTarget.value); if (found) put(found.text); e.currentTarget.value = ""; }}>
            <option value="">an example …</option>
            {groups.map((group) => <optgroup key={group} label={group}>{examples.filter((each) => each.group === group).map((each) => <option key={each.id} value={each.id}>{each.title}</option>)}</optgroup>)}
          </select>
          <button type="button" onClick={() => void packed(text ?? "").then((found) => share(`${location.href.split("#")[0]}#share=${found}`))}>share</button>
          {link && <input readOnly value={link} aria-label="Link to share" onFocus={(e) => e.currentTarget.select()} />}
        </div>
        {client !== null && text !== null && <Code opened={opened} options={{ text, uri: "file:///policies/play.policy", label: "Policy text", client, changed: (typed) => { setText(typed); share(null); } }} />}
        <p class={`status${problem || state.startsWith("It could") ? " wrong" : ""}`} role="status">{visible(status)}</p>
      </section>
      <Jump.Provider value={(_path, line, column) => opened.current?.jump(line, column)}><div class="shown">
        {documents.length ? <App documents={documents} live={compiler} notice={null} /> : <p class="empty">{state || "Checking …"}</p>}
      </div></Jump.Provider>
    </div>
  );
}
