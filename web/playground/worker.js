// The compiler, in a worker: Python with policylang, which checks what the page sends and answers its questions.
import { loadPyodide } from "./pyodide.mjs";

const start = `
import importlib, json, os, pathlib, sys, time
sys.path.insert(0, "/app")

class Solver:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "z3":
            sys.meta_path.remove(Solver)
            unpack_solver()
            importlib.invalidate_caches()

sys.meta_path.insert(0, Solver)
folder = pathlib.Path("/policies")
folder.mkdir()

def check(text):
    global live
    begun = time.monotonic()
    (folder / "play.policy").write_text(text, encoding="utf-8")
    if not live.refresh() and live.shown.version == 0:
        live.refresh()
    shown = live.shown
    problem = shown.problem and shown.problem.in_words()
    return json.dumps({"problem": problem, "seconds": time.monotonic() - begun}), shown.documents.decode()

last = page = None

def found(result):
    global last
    last = result
    if page is not None:
        page.found(result)

def edit(message):
    global page
    if page is None:
        importlib.invalidate_caches()
        from policylang.editor.page import PageServer
        page = PageServer(folder, send)
        if last is not None:
            page.found(last)
    page.receive(message)

def ask(method, params):
    from policylang.text.readable import json_bytes
    return json_bytes(answered(live, method, json.loads(params))).decode()

os.chdir("/")
from policylang.explorer.live import LiveSets
from policylang.explorer.questions import answered
live = LiveSets(["policies"], None, found=found)
`;

async function bytes(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function load() {
  const wheels = (await (await fetch("wheels.json")).json()).map(async (name) => [name, await bytes(name)]);
  const app = bytes("app.zip");
  const python = await loadPyodide({ indexURL: new URL(".", self.location.href).href });
  const unpack = (content, format) => python.unpackArchive(content, format, { extractDir: "/app" });
  for (const [name, content] of await Promise.all(wheels)) {
    // The solver is large, and not every check needs it: it is unpacked when it is imported.
    if (name.startsWith("z3")) python.globals.set("unpack_solver", () => unpack(content, "wheel"));
    else unpack(content, "wheel");
  }
  unpack(await app, "zip");
  python.globals.set("send", (lsp) => postMessage({ lsp }));
  python.runPython(start);
  return python;
}

const loaded = load();
loaded.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

// What the editor asks waits for the first check: there is something to see before there is something to complete.
let first;
const checked = new Promise((done) => { first = done; });
const editing = checked.then(async () => {
  (await loaded).unpackArchive(await bytes("editor.zip"), "zip", { extractDir: "/app" });
});

onmessage = async ({ data: { id, text, method, params, lsp } }) => {
  const python = await loaded;
  if (lsp !== undefined) await editing;
  try {
    if (lsp !== undefined) python.globals.get("edit")(lsp);
    else if (method) {
      const answer = python.globals.get("ask")(method, JSON.stringify(params));
      postMessage({ id, answer: JSON.parse(answer) });
    } else {
      const found = python.globals.get("check")(text);
      const [said, documents] = found.toJs();
      found.destroy();
      postMessage({ id, said: JSON.parse(said), documents: JSON.parse(documents) });
      first();
    }
  } catch (error) {
    if (id !== undefined) postMessage({ id, failed: String(error) });
    else console.error(String(error));
    first();
  }
};
