// Compiles Python sources with the Python of the browser.
//   node precompile.mjs MODULES SOURCES.zip TARGET.zip
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, sources, target] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${modules}/pyodide/pyodide.mjs`).href);
const python = await loadPyodide();
python.unpackArchive(new Uint8Array(fs.readFileSync(sources)), "zip", { extractDir: "/app" });
const made = python.runPython(`
import compileall, io, pathlib, zipfile
compileall.compile_dir("/app", quiet=2, legacy=True, stripdir="/app")
made = io.BytesIO()
with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
    for path in sorted(pathlib.Path("/app").rglob("*")):
        if path.is_file() and path.suffix != ".py":
            archive.write(path, path.relative_to("/app"))
made.getvalue()
`);
fs.writeFileSync(target, made.toJs());
