// The files of the policy set, with findings while they are written. Nothing is saved by itself.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Code } from "../code";
import type { Opened } from "../editing";
import type { Editing, PolicyFile } from "../live";
import { visible } from "../model";
import { Empty } from "../parts";
import { address, type Route } from "../route";

interface Draft { uri: string; text: string; saved: string; digest: string }

/** What was opened, with what was typed since: it outlives the view. */
const drafts = new Map<string, Draft>();

function isDirty(path: string): boolean {
  const draft = drafts.get(path);
  return !!draft && draft.text !== draft.saved;
}

addEventListener("beforeunload", (event) => {
  if ([...drafts.keys()].some(isDirty)) event.preventDefault();
});

/** How many characters of the paths are the folder that all are in. */
function folderOf(paths: string[]): number {
  const [first = "", ...others] = paths;
  let length = first.lastIndexOf("/") + 1;
  while (length > 0 && !others.every((each) => each.startsWith(first.slice(0, length)))) length = first.slice(0, length - 1).lastIndexOf("/") + 1;
  return length;
}

export function Editor({ editing, route, version }: { editing: Editing; route: Route; version: number }) {
  const [files, list] = useState<PolicyFile[]>([]);
  const [client, connect] = useState<unknown>(null);
  const [lost, lose] = useState(false);
  useEffect(() => { void editing.client(() => lose(true)).then(connect, () => lose(true)); }, []);
  useEffect(() => {
    void editing.files().then(({ files: found = [] }) => {
      // What is not saved stays, though its file is gone.
      const gone = [...drafts].filter(([path]) => isDirty(path) && !found.some((each) => each.path === path));
      list([...found, ...gone.map(([path, { uri }]) => ({ path, uri }))]);
    });
  }, [version]);
  const around = useMemo(() => folderOf(files.map((each) => each.path)), [files]);
  const chosen = files.find((each) => each.path === route.name) ?? files[0];
  return (
    <section class="view split">
      <nav class="list" aria-label="Files">
        <ul class="files">
          {files.map((each) => (
            <li key={each.path}><a href={address("editor", each.path)} aria-current={each === chosen ? "page" : undefined}>
              <bdi class="name" title={visible(each.path).slice(0, 500)}>{visible(each.path.slice(around)).slice(0, 300)}</bdi>{isDirty(each.path) && <span class="unsaved" title="not saved"><span class="hidden"> not saved</span></span>}
            </a></li>
          ))}
        </ul>
      </nav>
      <article class="detail editing">
        {lost && <p class="notice" role="alert">The language server has ended: reload the page for findings. What you typed can still be saved.</p>}
        {chosen && (client !== null || lost) ? <File key={chosen.path} file={chosen} editing={editing} client={client} route={route} version={version} /> : <Empty>Opening the files …</Empty>}
      </article>
    </section>
  );
}

function File({ file, editing, client, route, version }: { file: PolicyFile; editing: Editing; client: unknown; route: Route; version: number }) {
  const { path } = file;
  const [draft, show] = useState(drafts.get(path));
  const [said, say] = useState<{ text: string; wrong?: boolean } | null>(null);
  const [conflict, meet] = useState(false);
  const [found, count] = useState(0);
  const opened = useRef<Opened>(null);
  const dirty = isDirty(path);
  const update = (change: Partial<Draft>) => {
    const now = { ...drafts.get(path)!, ...change };
    drafts.set(path, now);
    show(now);
  };
  const load = async () => {
    const answer = await editing.open(path);
    if (answer.error !== undefined) return say({ text: answer.error, wrong: true });
    const before = drafts.get(path);
    drafts.set(path, { uri: answer.uri!, text: answer.text!, saved: answer.text!, digest: answer.digest! });
    show(drafts.get(path));
    meet(false);
    if (before && before.text !== answer.text) opened.current?.replace(answer.text!);
  };
  const save = async (over = false) => {
    const now = drafts.get(path);
    if (!now || (!over && !isDirty(path))) return;
    const digest = over ? (await editing.open(path)).digest : now.digest;
    const answer = await editing.save(path, now.text, digest ?? now.digest);
    if (answer.error !== undefined) return say({ text: answer.error, wrong: true });
    meet(!!answer.changed);
    if (answer.changed) return say(null);
    update({ saved: now.text, digest: answer.digest! });
    say({ text: "saved" });
  };
  const follow = async () => {
    const now = drafts.get(path);
    if (!now) return load();
    const answer = await editing.open(path);
    if (answer.digest === undefined || answer.digest === now.digest) return;
    if (isDirty(path)) meet(true);
    else await load();
  };
  useEffect(() => { void follow(); }, [version]);
  const line = Number(route.options.get("line") ?? 0);
  const jump = () => { if (line > 0) opened.current?.jump(line, Number(route.options.get("column") ?? 1)); };
  useEffect(jump, [line, route.options.get("column")]);
  if (!draft) return <Empty>{said?.text ?? "Opening …"}</Empty>;
  const status = said?.text ?? (found ? `${found.toLocaleString("en")} ${found === 1 ? "finding" : "findings"}` : "no findings");
  return (
    <>
      <header class="tools">
        <h1 class="hidden">Editor</h1>
        <button type="button" class="main" disabled={!dirty} onClick={() => void save()}>save</button>
        <button type="button" disabled={!dirty} onClick={() => void load()}>undo all</button>
        <span class={`status${said?.wrong ? " wrong" : ""}`} role="status">{visible(status)}{dirty ? " · not saved" : ""}</span>
      </header>
      {conflict && (
        <p class="notice" role="alert">This file has changed on the disk since you opened it.{" "}
          <button type="button" onClick={() => void load()}>take what is on the disk</button>{" "}
          <button type="button" onClick={() => void save(true)}>write mine over it</button></p>
      )}
      <Code opened={opened} options={{
        text: draft.text, uri: file.uri, label: `Text of ${visible(path).slice(0, 200)}`, client,
        changed: (text) => { update({ text }); say(null); }, found: count, save: () => void save(), ready: jump,
      }} />
    </>
  );
}
