// Holds the consumer to the conformance vectors: node conformance.mjs DIST VECTORS, where VECTORS may be packed.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const [dist, vectors] = process.argv.slice(2);
const { load } = await import(pathToFileURL(resolve(dist, "index.js")).href);
const content = readFileSync(vectors);
const text = (vectors.endsWith(".gz") ? gunzipSync(content) : content).toString("utf8");
let decisions = 0;
let wrong = 0;
for (const [number, line] of text.split("\n").entries()) {
  if (line === "") continue;
  const { set, decisions: asked } = JSON.parse(line);
  const policies = load(set);
  for (const [n, each] of asked.entries()) {
    const { user, action, resource, record, expected, ...options } = each;
    const found = policies.decide(user, action, resource, record, options);
    const same =
      found.allowed === expected.allowed &&
      JSON.stringify(found.fields) === JSON.stringify(expected.fields) &&
      JSON.stringify(found.missing) === JSON.stringify(expected.missing) &&
      policies.allows(user, action, resource, record, options) === expected.allowed;
    decisions += 1;
    if (same) continue;
    wrong += 1;
    if (wrong <= 5) {
      const { record: _, ...shown } = each;
      console.error(`set ${number}, decision ${n}: ${JSON.stringify(shown)}\n  found ${JSON.stringify(found)}`);
    }
  }
}
console.log(`${decisions} decisions, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
