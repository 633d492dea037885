// Compiles Python sources with the Python of the browser.
//   node precompile.mjs MODULES SOURCES.zip TARGET.zip [SOURCES.zip TARGET.zip]...
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, ...pairs] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${modules}/pyodide/pyodide.mjs`).href);
const python = await loadPyodide();
for (let n = 0; n < pairs.length; n += 2) {
  python.unpackArchive(new Uint8Array(fs.readFileSync(pairs[n])), "zip", { extractDir: `/app${n}` });
  const made = python.runPython(`
import compileall, io, pathlib, zipfile
folder = pathlib.Path("/app${n}")
compileall.compile_dir(folder, quiet=2, legacy=True, stripdir=folder)
made = io.BytesIO()
with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".py":
            archive.write(path, path.relative_to(folder))
made.getvalue()
`);
  fs.writeFileSync(pairs[n + 1], made.toJs());
}
