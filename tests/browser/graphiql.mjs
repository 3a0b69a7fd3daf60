// The embedded GraphiQL, used the way a person does: `node graphiql.mjs http://127.0.0.1:4000`.
//
// It needs a running server and Chromium (CHROMIUM, or /usr/bin/chromium). SCREENSHOT names a PNG to write.
// The last line is "N passed, 0 failed" and the exit code 0, or else a reason and 1.

import { randomBytes } from 'node:crypto';
import { buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { chromium } from 'playwright-core';

const PATIENCE = 30_000;

if (!process.argv[2]) {
  console.error('usage: node graphiql.mjs <base-url>');
  process.exit(1);
}
const base = new URL('/', process.argv[2]);
const name = `b${randomBytes(6).toString('hex')}`;
let passed = 0;

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.setDefaultTimeout(PATIENCE);

const foreign = new Set();
const troubles = [];
const socketFrames = [];
watch();

try {
  await check('the page is GraphiQL, from this server alone', async () => {
    const answer = await page.goto(base.href);
    expect(answer.status() === 200, `GET / answered ${answer.status()}`);
    if ((await page.locator('[data-graphiql="fallback"]').count()) > 0) {
      throw new Error('this is the fallback page: the server was built without GraphiQL (Node >= 20.19 with npm)');
    }
    const policy = answer.headers()['content-security-policy'] ?? '';
    expect(policy.includes("frame-ancestors 'none'"), `no fitting Content-Security-Policy: "${policy}"`);
    expect((await page.title()) === 'Linnet GraphiQL', `the title is "${await page.title()}"`);
    await contains('.graphiql-query-editor .view-lines', 'mutation SignUp');
  });

  await check('every default operation is valid against the schema', async () => {
    const schema = buildClientSchema((await post(getIntrospectionQuery())).data);
    const stored = await page.waitForFunction(() => localStorage.getItem('graphiql:tabState'));
    const { tabs } = JSON.parse(await stored.jsonValue());
    expect(tabs.length > 3, `only ${tabs.length} default tabs`);
    for (const tab of tabs) {
      const errors = validate(schema, parse(tab.query));
      expect(errors.length === 0, `tab ${tab.title}: ${errors.map((error) => error.message).join('; ')}`);
    }
  });

  let token;
  await check('signing up fills the Authorization header', async () => {
    const input = { username: name, email: `${name}@example.com`, password: `pass-${name}`, displayName: 'Browser' };
    await write('Variables', { input });
    await run();
    await contains('.graphiql-response .view-lines', 'accessToken');
    const pane = await contains('section[aria-label="Headers"] .graphiql-editor:not(.hidden) .view-lines', 'Bearer');
    token = /Bearer ([^"\s]+)/.exec(pane)?.[1];
    expect(token, `no token in the headers pane: ${pane}`);
  });

  await check('a query in another tab is sent with the token', async () => {
    await openTab('Rooms');
    await run();
    await contains('.graphiql-response .view-lines', `"username": "${name}"`);
  });

  await check('a subscription shows a message sent elsewhere, over a socket with the same token', async () => {
    const text = `Hello from outside, ${name}`;
    const { thread } = await mutate(
      token,
      `mutation ($title: String!) {
        threadCreate(input: { room: { title: $title } }) { thread { id eventCursor } errors { code message } }
      }`,
      { title: `Room of ${name}` },
    );
    await openTab('NewMessages');
    await write('Variables', { threadId: thread.id, after: thread.eventCursor });
    await run();
    await until('the subscription to reach the server', () => socketFrames.some((frame) => frame.type === 'subscribe'));
    const init = socketFrames.find((frame) => frame.type === 'connection_init');
    const authorization = init?.payload?.authorization;
    expect(authorization === `Bearer ${token}`, `connection_init has "${authorization}", not the token of the headers`);
    await mutate(
      token,
      `mutation ($threadId: ID!, $content: String!) {
        messageSend(input: { threadId: $threadId, content: $content }) { message { id } errors { code message } }
      }`,
      { threadId: thread.id, content: text },
    );
    await contains('.graphiql-response .view-lines', text);
  });

  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

  await check('no request to another host, no script error, nothing against the security policy', async () => {
    expect(foreign.size === 0, `requests to other hosts: ${[...foreign].join(', ')}`);
    expect(troubles.length === 0, troubles.join('\n'));
  });

  await browser.close();
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  console.error(`not ok - ${error.message}`);
  for (const trouble of troubles) console.error(`  page: ${trouble}`);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT }).catch(() => {});
  await browser.close().catch(() => {});
  process.exit(1);
}

async function launch() {
  try {
    return await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // No name but the server's own resolves: whatever the page wants from elsewhere fails, and is told below.
        `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${base.hostname}`,
      ],
    });
  } catch (error) {
    console.error(`not ok - Chromium did not start: ${error.message}`);
    process.exit(1);
  }
}

function watch() {
  const own = (url) => {
    const { protocol, host } = new URL(url);
    return protocol === 'data:' || protocol === 'blob:' || protocol === 'about:' || host === base.host;
  };
  page.on('request', (request) => own(request.url()) || foreign.add(request.url()));
  page.on('pageerror', (error) => troubles.push(`script error: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && troubles.push(`console: ${message.text()}`));
  page.on('websocket', (socket) => {
    if (!own(socket.url())) foreign.add(socket.url());
    socket.on('framesent', ({ payload }) => socketFrames.push(JSON.parse(payload)));
  });
}

async function check(what, body) {
  try {
    await body();
  } catch (error) {
    throw new Error(`${what}: ${error.message}`);
  }
  passed += 1;
  console.log(`ok - ${what}`);
}

function expect(truth, otherwise) {
  if (!truth) throw new Error(otherwise);
}

async function until(what, condition) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Waits until the element shows the text; Monaco shows spaces as no-break spaces. */
async function contains(selector, text) {
  let shown = '';
  await until(`"${text}" in ${selector}`, async () => {
    const found = await page.locator(selector).allInnerTexts();
    shown = found.join('\n').replaceAll('\u00a0', ' ');
    return shown.includes(text);
  }).catch((error) => {
    throw new Error(`${error.message}; it shows: ${shown.slice(0, 500) || 'nothing'}`);
  });
  return shown;
}

async function openTab(title) {
  await page.locator(`.graphiql-tab-button[title="${title}"]`).click();
  await contains('.graphiql-query-editor .view-lines', title);
}

async function write(pane, value) {
  await page.locator('.graphiql-editor-tools button', { hasText: pane }).click();
  await page.locator(`section[aria-label="${pane}"] .graphiql-editor:not(.hidden) .view-lines`).click();
  await page.keyboard.press('Control+A');
  // Pasted, not typed: Monaco closes the brackets and quotes of typed text by itself.
  const text = JSON.stringify(value, null, 2);
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
  }, text);
  await contains(`section[aria-label="${pane}"] .graphiql-editor:not(.hidden) .view-lines`, text.split('\n')[1]);
}

async function run() {
  await page.locator('.graphiql-execute-button').click();
}

async function post(query, variables, token) {
  const response = await fetch(new URL('/graphql', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  expect(answer.data && !answer.errors, `the server answered ${JSON.stringify(answer.errors ?? answer)}`);
  return answer;
}

/** The payload of a mutation with one field. */
async function mutate(token, query, variables) {
  const [payload] = Object.values((await post(query, variables, token)).data);
  expect(payload.errors.length === 0, JSON.stringify(payload.errors));
  return payload;
}
