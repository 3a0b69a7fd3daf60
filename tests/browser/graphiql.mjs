// The embedded GraphiQL, used the way a person does: `node graphiql.mjs http://127.0.0.1:4000`.
//
// It needs a server that has just been started, built with the test control, since it moves the clock, and Chromium (CHROMIUM, or
// /usr/bin/chromium). SCREENSHOT names a PNG to write.
// The last line is "N passed, 0 failed" and the exit code 0, or else a reason and 1.

import { randomBytes } from 'node:crypto';
import { buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';

import { expect, launch, Traffic, until, Window } from './window.mjs';

if (!process.argv[2]) {
  console.error('usage: node graphiql.mjs <base-url>');
  process.exit(1);
}
const base = new URL('/', process.argv[2]);
const traffic = new Traffic(base);
let passed = 0;
let window;

const browser = await launch(base);
try {
  window = await open();

  await check('the page is GraphiQL, from this server alone', async () => {
    const answer = await window.page.reload();
    expect(answer.status() === 200, `GET / answered ${answer.status()}`);
    const policy = answer.headers()['content-security-policy'] ?? '';
    expect(policy.includes("frame-ancestors 'none'"), `no fitting Content-Security-Policy: "${policy}"`);
    expect((await window.page.title()) === 'Linnet GraphiQL', `the title is "${await window.page.title()}"`);
    await window.shows('.graphiql-query-editor .view-lines', 'mutation ComeAsGuest');
    await window.account('Nobody is signed in.');
  });

  await check('every default operation is valid against the schema', async () => {
    const schema = buildClientSchema((await ask(getIntrospectionQuery())).data);
    for (const tab of await defaultTabs()) {
      const errors = validate(schema, parse(tab.query));
      expect(errors.length === 0, `tab ${tab.title}: ${errors.map((error) => error.message).join('; ')}`);
    }
  });

  await check('the default tabs work one after the other, as they stand', async () => {
    for (const { title, query } of await defaultTabs()) {
      if (title === 'Resume') await sendTwiceUnseen();
      const kind = parse(query).definitions[0].operation;
      await window.ask(title, kind === 'subscription' ? 'CaughtUp' : '"data"');
      const answer = await window.response();
      expect(!/"errors": \[\s*\{/.test(answer), `tab ${title}: ${answer}`);
      if (title === 'WhoAmI') expect(answer.includes('"username": "wren-'), answer);
      if (title === 'Resume') expectMissedOnce(answer);
    }
    await window.account(/Signed in as ada-\w+\. /);
  });

  await check('requests and sockets carry the token of who signed in last', async () => {
    const header = (await window.header()).replace('Authorization: ', '');
    await window.ask('WhoAmI', '"HUMAN"');
    expect(traffic.asked.at(-1).authorization === header, `the request had ${traffic.asked.at(-1).authorization}`);
    const init = traffic.messages('connection_init').at(-1);
    expect(init.payload?.authorization === header, `connection_init has ${JSON.stringify(init)}`);
  });

  await check('whoever is signed in still is after a reload, and in another window', async () => {
    await window.page.reload();
    await window.account(/Signed in as ada-/);
    const other = await open(window.page.context());
    await other.account(/Signed in as ada-/);
    await other.ask('WhoAmI', '"ada-');
    await other.page.close();
  });

  await check('a header of the headers pane goes instead, and an empty one stands for nobody', async () => {
    const other = await open(window.page.context());
    await other.openTab('WhoAmI');
    await other.write('Headers', { Authorization: '' });
    await other.run();
    await other.shows('.graphiql-response .view-lines', '"viewer": null');
    await other.page.close();
  });

  await check('the explorer writes into the query', async () => {
    await window.openTab('WhoAmI');
    await window.page.locator('.graphiql-sidebar button[aria-label$="GraphiQL Explorer"]').click();
    await window.page.locator('.graphiql-explorer-root [data-field-name="email"]').click();
    await window.shows('.graphiql-query-editor .view-lines', /email/);
    await window.page.locator('.graphiql-sidebar button[aria-label$="GraphiQL Explorer"]').click();
  });

  await check('a stream that was cut off goes on where it was', async () => {
    const cut = await open();
    let socket;
    await cut.page.routeWebSocket('**/graphql', (route) => {
      socket = route;
      route.connectToServer();
    });
    await cut.ask('ComeAsGuest', '"data"');
    await cut.ask('Join', '"data"');
    await cut.ask('Follow', 'CaughtUp');
    const header = await cut.header();
    await send(header, 'seen');
    await cut.shows('.graphiql-response .view-lines', '"seen"');
    await socket.close({ code: 1012, reason: 'Service restart' });
    await send(header, 'missed');
    await cut.shows('.graphiql-response .view-lines', 'CaughtUp');
    await until('the missed message, once', async () => {
      const shown = [...(await cut.response()).matchAll(/"(missed|seen)"|1012 Service|CaughtUp/g)].map(([text]) => text);
      return shown.join() === 'CaughtUp,"missed",1012 Service,"seen",CaughtUp';
    });
    await cut.page.context().close();
  });

  await check('the token is refreshed before it runs out', async () => {
    const early = await open(undefined, (page) => page.clock.install());
    await early.ask('ComeAsGuest', '"data"');
    const [header, refreshes] = [await early.header(), traffic.refreshes()];
    await early.page.clock.fastForward('13:30');
    expect(traffic.refreshes() === refreshes, 'it was refreshed more than a minute before');
    await early.page.clock.fastForward('01:00');
    await until('another token', async () => (await early.header()) !== header);
    expect(traffic.refreshes() === refreshes + 1, `${traffic.refreshes() - refreshes} refreshes`);
    await early.page.context().close();
  });

  await check('a token that has run out is refreshed, for requests and for sockets', async () => {
    const [header, refreshes] = [await window.header(), traffic.refreshes()];
    await advance(16 * 60);
    await window.ask('WhoAmI', '"ada-');
    expect((await window.header()) !== header, 'the token is the same');
    await advance(16 * 60);
    await window.ask('Follow', 'CaughtUp');
    expect(traffic.refreshes() === refreshes + 2, `${traffic.refreshes() - refreshes} refreshes`);
  });

  await check('signing out ends the session', async () => {
    const header = await window.header();
    if (process.env.SCREENSHOT) await window.page.screenshot({ path: process.env.SCREENSHOT });
    await window.page.getByRole('button', { name: 'Sign out' }).click();
    await window.account('Nobody is signed in.');
    await until('the server to refuse the token', async () => (await post('{ __typename }', {}, header)).status === 401);
    await window.ask('WhoAmI', '"viewer": null');
  });

  await check('no request to another host, no script error, nothing against the security policy', async () => {
    expect(traffic.foreign.size === 0, `requests to other hosts: ${[...traffic.foreign].join(', ')}`);
    expect(traffic.troubles.length === 0, traffic.troubles.join('\n'));
  });

  await browser.close();
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  console.error(`not ok - ${error.message}`);
  for (const trouble of traffic.troubles) console.error(`  page: ${trouble}`);
  if (process.env.SCREENSHOT) await window?.page.screenshot({ path: process.env.SCREENSHOT }).catch(() => {});
  await browser.close().catch(() => {});
  process.exit(1);
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

/** A window of its own, or one more of a browser that has been here. */
async function open(context, prepare = () => {}) {
  if (!context) {
    context = await browser.newContext({ viewport: { width: 1440, height: 2000 } });
    traffic.watch(context);
  }
  const page = await context.newPage();
  await prepare(page);
  await page.goto(base.href);
  if ((await page.locator('[data-graphiql="fallback"]').count()) > 0) {
    throw new Error('this is the fallback page: the server was built without GraphiQL (Node >= 20.19 with npm)');
  }
  const opened = new Window(page);
  await opened.shows('.graphiql-query-editor .view-lines', /(mutation|query|subscription) \w+/);
  return opened;
}

async function defaultTabs() {
  const stored = await window.page.waitForFunction(() => localStorage.getItem('graphiql:tabState'));
  const { tabs } = JSON.parse(await stored.jsonValue());
  expect(tabs.length > 3, `only ${tabs.length} default tabs`);
  return tabs;
}

/** What happens while nobody listens, in the tab that sends. */
async function sendTwiceUnseen() {
  for (const content of ['missed first', 'missed second']) {
    await window.openTab('Send');
    await window.write('Variables', { threadId: 'thr_0000000000e008000000000002', content });
    await window.run();
    await window.shows('.graphiql-response .view-lines', content);
  }
}

function expectMissedOnce(answer) {
  const shown = [...answer.matchAll(/CaughtUp|missed \w+/g)].join(', ');
  expect(shown === 'CaughtUp, missed second, missed first', `the stream showed ${shown}`);
}

/** A message to the lobby from elsewhere. */
async function send(header, content) {
  const query = `mutation ($content: String!) {
    messageSend(input: { threadId: "thr_0000000000e008000000000002", content: $content }) { errors { code message } }
  }`;
  const { data } = await ask(query, { content }, header);
  expect(data.messageSend.errors.length === 0, JSON.stringify(data));
}

async function advance(seconds) {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ advanceSeconds: seconds });
  const answer = await fetch(new URL('/test/clock', base), { method: 'POST', headers, body });
  expect(answer.ok, `/test/clock answered ${answer.status}: is this a test build?`);
}

async function ask(query, variables, header) {
  const answer = await (await post(query, variables, header)).json();
  expect(answer.data && !answer.errors, `the server answered ${JSON.stringify(answer.errors ?? answer)}`);
  return answer;
}

function post(query, variables, header) {
  return fetch(new URL('/graphql', base), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(header && { authorization: header.replace('Authorization: ', '') }),
    },
    body: JSON.stringify({ query, variables }),
  });
}
