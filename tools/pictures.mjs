// Takes the pictures of the documentation.
//   node pictures.mjs MODULES BROWSER < jobs.json
//   node pictures.mjs MODULES '' MODULE-THAT-CARRIES-A-BROWSER < jobs.json
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, executable, carrier] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
let path = executable;
if (!path) {
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs22.x"; // has it bring the libraries that a bare machine lacks
  path = await (await import(pathToFileURL(carrier).href)).default.executablePath();
}
const jobs = JSON.parse(await new Response(process.stdin).text());
const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });

async function picture(name, address, act = async () => {}, theme = "light") {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 720 }, colorScheme: theme })).newPage();
  await page.goto(address);
  await page.waitForSelector(".view");
  await act(page);
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${jobs.pictures}/${name}.png` });
  await page.context().close();
}

const report = (name, hash) => pathToFileURL(jobs.reports[name]).href + hash;
await picture("matrix", report("tracktik", "#/matrix/role"), (page) => page.click(".row:nth-child(9) .cell:has(.sym-limited)"));
await picture("person", report("shop", "#/person/cy%40shop.test?with=person:amy@shop.test"));
await picture("graph", report("tracktik", "#/graph/role:site_supervisor"));
await picture("findings", report("shop", "#/findings"), (page) => page.click(".rule summary:has-text('PL301')"), "dark");
await picture("agenda", report("shop", "#/agenda"));
await picture("reviews", report("shop", "#/reviews"));
await picture("change", report("shop", "#/change"));
await picture("ask", `${jobs.explore}#/ask`, async (page) => {
  await page.fill("[list=people]", "gwen@guard.test");
  await page.selectOption("form > label:nth-of-type(3) select", "incident");
  await page.selectOption("form > label:nth-of-type(2) select", "view");
  await page.click("button.main");
  await page.waitForSelector(".decision");
}, "dark");
await picture("editor", `${jobs.explore}#/editor`, async (page) => {
  await page.click(".files a:has-text('people.policy')");
  await page.click(".cm-line:has-text('user \"adam@guard.test\"')");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.keyboard.type('user "new@guard.test" { assign role gua', { delay: 20 });
  await page.waitForSelector(".cm-tooltip-autocomplete li");
  await page.waitForSelector(".cm-lintRange-error");
});
await browser.close();
