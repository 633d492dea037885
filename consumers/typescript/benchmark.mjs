// Times decisions: node benchmark.mjs DIST FILE, where FILE has a compiled `set` and `requests`, each with `allowed`.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [dist, file, repetitions = "20"] = process.argv.slice(2);
const { load } = await import(pathToFileURL(resolve(dist, "index.js")).href);
const { set, requests } = JSON.parse(readFileSync(file, "utf8"));
let begun = process.cpuUsage();
const policies = load(set);
const cpu = (since) => (({ user, system }) => (user + system) / 1e6)(process.cpuUsage(since));
const loading = cpu(begun);
// As a service has it, which reads the clock: an instant is an object, made once for a request.
const revived = ({ created, ...record }) => (created === undefined ? record : { created: new Date(created), ...record });
// Written out: where a spread object has a field replaced, Node makes a hidden class for each, and reading them costs as much as deciding.
const asked = requests.map(({ user, action, resource, record, now, request = null, allowed }) => (
  { user, action, resource, record: revived(record), options: { now: new Date(now), request }, allowed }
));
const times = [];
for (let n = 0; n < Number(repetitions); n += 1) {
  begun = process.cpuUsage();
  for (const each of asked) {
    const { allowed } = policies.decide(each.user, each.action, each.resource, each.record, each.options);
    if (allowed !== each.allowed) throw new Error(`decided otherwise: ${JSON.stringify(each)}`);
  }
  times.push(cpu(begun) / asked.length);
}
times.sort((one, other) => one - other);
const rate = (seconds) => Math.round(1 / seconds).toLocaleString("en-US");
console.log(
  `loaded in ${loading.toFixed(2)} s; decisions a second and core: best ${rate(times[0])}, ` +
    `median ${rate(times[times.length >> 1])}`,
);
