// Opens reports in a browser and measures: how long until the first view is there, and the frames while the matrix scrolls.
//   node web.mjs MODULES BROWSER CARRIER REPORT...
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, executable, carrier, ...reports] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
let path = executable;
if (!path) {
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs22.x";
  const { default: carried } = await import(pathToFileURL(carrier).href);
  path = await carried.executablePath();
}
const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
const found = [];
for (const report of reports) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const begun = performance.now();
  await page.goto(`${pathToFileURL(report).href}#/matrix/group`, { waitUntil: "commit" });
  await page.waitForSelector("[role=gridcell]");
  const opened = performance.now() - begun;
  const frames = await page.evaluate(async () => {
    const grid = document.querySelector("[role=grid]");
    const frame = () => new Promise(requestAnimationFrame);
    const deltas = [];
    let last = await frame();
    for (let n = 0; n < 300; n++) {
      if (n < 200) grid.scrollTop += 37;
      if (n >= 100) grid.scrollLeft += 23;
      const now = await frame();
      deltas.push(now - last);
      last = now;
    }
    return deltas.sort((a, b) => a - b);
  });
  const at = (part) => frames[Math.floor(frames.length * part)];
  found.push({ opened, median: at(0.5), most: at(0.95), worst: frames[frames.length - 1], late: frames.filter((each) => each > 17.5).length / frames.length });
  await page.close();
}
await browser.close();
console.log(JSON.stringify(found));
