// The compiler, in a worker: Python with policylang, which checks what the page sends and answers its questions.
import { loadPyodide } from "./pyodide.mjs";

const start = `
import json, os, pathlib, sys, time
sys.path.insert(0, "/app")
folder = pathlib.Path("/policies")
folder.mkdir()

def check(text):
    global live
    begun = time.monotonic()
    (folder / "play.policy").write_text(text, encoding="utf-8")
    if not live.refresh() and live.shown.version == 0:
        live.refresh()
    shown = live.shown
    return json.dumps({"problem": shown.problem, "seconds": time.monotonic() - begun}), shown.documents.decode()

def ask(method, params):
    from policylang.text.readable import json_bytes
    return json_bytes(answered(live, method, json.loads(params))).decode()

os.chdir("/")
from policylang.explorer.live import LiveSets
from policylang.explorer.questions import answered
live = LiveSets(["policies"], None)
`;

async function bytes(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function load() {
  const [wheels, app] = [(await (await fetch("wheels.json")).json()).map(bytes), bytes("app.zip")];
  const python = await loadPyodide({ indexURL: new URL(".", self.location.href).href });
  for (const wheel of wheels) python.unpackArchive(await wheel, "wheel", { extractDir: "/app" });
  python.unpackArchive(await app, "zip", { extractDir: "/app" });
  python.runPython(start);
  return python;
}

const loaded = load();
loaded.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

onmessage = async ({ data: { id, text, method, params } }) => {
  const python = await loaded;
  try {
    if (method) {
      const answer = python.globals.get("ask")(method, JSON.stringify(params));
      postMessage({ id, answer: JSON.parse(answer) });
    } else {
      const found = python.globals.get("check")(text);
      const [said, documents] = found.toJs();
      found.destroy();
      postMessage({ id, said: JSON.parse(said), documents: JSON.parse(documents) });
    }
  } catch (error) {
    postMessage({ id, failed: String(error) });
  }
};
