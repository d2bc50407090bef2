// Runs Chromium for one test. An order is a line of JSON on standard input, an answer a line on standard output; so is
// what pages report. Ends with its input.
//
//   {"id": 1, "open": "http://…/", "tab": 7}     a tab at this address
//   {"id": 2, "blank": "http://…/", "tab": 8}    an empty page, as if this address served it
//   {"id": 3, "run": "return await page.title()", "tab": 7}     code with browser, context, page and require at hand
//
//   {"id": 3, "value": …} or {"id": 3, "error": "…"}
//   {"tab": 8, "saw": ["event", …]}              the page called report("event", …)
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Where the test has put node_modules.
const require = createRequire(`${process.cwd()}/`);
const { chromium } = require('playwright-core');

const AsyncFunction = (async () => {}).constructor;
const EMPTY = '<!doctype html><html lang="en"><title>Test</title>';

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--host-resolver-rules=MAP *.example.org 127.0.0.1'],
});
// The proxies' certificates are made for the test.
const context = await browser.newContext({ ignoreHTTPSErrors: true });
// Pages of invented hosts may ask what is on this machine.
await context.grantPermissions(['local-network-access']);
const tabs = new Map();

async function open(tab, url, prepare) {
  const page = await context.newPage();
  tabs.set(tab, page);
  page.on('pageerror', (error) => say({ tab, saw: ['error', String(error.stack)] }));
  await page.exposeFunction('report', (...saw) => say({ tab, saw }));
  await page.addInitScript({ path: fileURLToPath(new URL('listen.js', import.meta.url)) });
  await prepare(page);
  await page.goto(url);
}

async function carryOut({ tab, open: url, blank, run }) {
  if (url) return open(tab, url, () => {});
  if (blank) {
    const serve = (route) => route.fulfill({ contentType: 'text/html', body: EMPTY });
    return open(tab, blank, (page) => page.route(blank, serve, { times: 1 }));
  }
  const code = new AsyncFunction('browser', 'context', 'page', 'require', run);
  return code(browser, context, tabs.get(tab), require);
}

async function take(order) {
  try {
    say({ id: order.id, value: (await carryOut(order)) ?? null });
  } catch (error) {
    say({ id: order.id, error: String(error.stack) });
  }
}

for await (const line of createInterface({ input: process.stdin })) take(JSON.parse(line));
// A browser that does not close is not waited for.
setTimeout(() => process.exit(1), 5000).unref();
await browser.close();
process.exit(0);
