import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { House } from './support/house.js';
import { account, openBrowser, person } from './support/person.js';
import { direct } from './support/threads.js';

let house: House;
let browser: Browser;
before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
});

test('a list that was read at last says nothing more of why it was not', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  await direct(ann, bob);
  await ann.page.route('**/graphql', (route) =>
    route.request().postData()?.includes('query Threads(') ? route.abort() : route.continue(),
  );
  await ann.visit();
  const problem = ann.page.getByRole('navigation', { name: 'Conversations' }).getByText('The server can’t be reached.');
  await problem.waitFor();
  await ann.page.unroute('**/graphql');
  await ann.line('Bob').waitFor();
  await problem.waitFor({ state: 'detached' });
});

test('what a newer server may say is passed over, and what comes after it is not', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  let altered = 0;
  await ann.page.routeWebSocket(/graphql/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const frame = JSON.parse(String(text)) as {
        type: string;
        payload?: { data?: Record<string, { __typename: string }> };
      };
      const [field, value] = Object.entries(frame.payload?.data ?? {})[0] ?? [];
      if (frame.type === 'next' && field && value?.__typename === 'ReactionsChanged') {
        altered += 1;
        value.__typename = 'SomethingNew';
        return socket.send(JSON.stringify(frame));
      }
      // A value that an enum may grow by.
      socket.send(String(text).replace('"kind":"HUMAN"', '"kind":"CHORUS"'));
    });
  });
  await ann.openThread(threadId);
  const { message } = await bob.linnet.messageSend({ threadId, content: 'One' });
  await bob.linnet.mutate('mutation ($input: ReactionInput!) { reactionAdd(input: $input) { errors { code } } }', {
    input: { messageId: message.id, emoji: '👍' },
  });
  await bob.linnet.messageSend({ threadId, content: 'Two' });
  await ann.message('Two').waitFor();
  assert.deepEqual(await ann.contents(), ['One', 'Two']);
  assert.ok(altered > 0);
  assert.deepEqual(ann.troubles(), []);
});

test('when the server comes back from a backup, the thread, the list and the feed are read afresh, and go on', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  await bob.linnet.messageSend({ threadId, content: 'Before the backup' });
  await ann.openThread(threadId);
  await ann.message('Before the backup').waitFor();
  const feed = await ann.context.newPage();
  await feed.goto('/app/chirps');
  await feed.getByText('Nobody has said anything yet.').waitFor();

  const folder = await mkdtemp(join(tmpdir(), 'linnet-web-'));
  const backup = join(folder, 'backup.db');
  house.server.command('backup', backup);
  await bob.linnet.messageSend({ threadId, content: 'Behind the backup' });
  await ann.message('Behind the backup').waitFor();
  await house.server.kill('SIGTERM');
  house.server.command('restore', backup, '--force');
  await house.server.launch();
  await rm(folder, { recursive: true });

  await ann.message('Behind the backup').waitFor({ state: 'detached' });
  await bob.linnet.messageSend({ threadId, content: 'After all' });
  await ann.message('After all').waitFor();
  assert.deepEqual(await ann.contents(), ['Before the backup', 'After all']);
  await ann.line('Bob').getByText('After all').waitFor();
  await bob.linnet.mutate('mutation { chirpCreate(input: {message: "Here again"}) { errors { code } } }');
  await feed.getByText('Here again', { exact: true }).waitFor();
  assert.deepEqual(ann.troubles({ wasCut: true }), []);
});

test('a list, a thread and a feed whose streams were refused are asked for again, and go on', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  const refused = new Set<string>();
  await ann.context.routeWebSocket(/graphql/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const { id, payload } = JSON.parse(String(text)) as { id?: string; payload?: { query?: string } };
      const name = /subscription (\w+)/.exec(payload?.query ?? '')?.[1];
      if (name === undefined || refused.has(name)) return server.send(text);
      refused.add(name);
      const error = { message: 'Not now.', extensions: { code: 'FORBIDDEN' } };
      socket.send(JSON.stringify({ id, type: 'error', payload: [error] }));
    });
  });
  await ann.openThread(threadId);
  const feed = await ann.context.newPage();
  await feed.goto('/app/chirps');
  const subscriptions = ['Inbox', 'ThreadEvents', 'ThreadSignals', 'ChirpEvents'];
  await eventually('all streams to be refused', async () => subscriptions.every((name) => refused.has(name)));

  const isShown = async (shown: Locator): Promise<boolean> =>
    await shown.waitFor({ timeout: 2_000 }).then(
      () => true,
      () => false,
    );
  // Whoever waits before asking again does so at once when the network is there again.
  const isShownOnline = async (shown: Locator, page: Page): Promise<boolean> => {
    await page.evaluate(() => dispatchEvent(new Event('online')));
    return await isShown(shown);
  };
  await bob.linnet.messageSend({ threadId, content: 'Still here' });
  await bob.linnet.mutate('mutation { chirpCreate(input: {message: "Here, too"}) { errors { code } } }');
  await eventually('the list', () => isShownOnline(ann.line('Bob').getByText('Still here'), ann.page));
  await eventually('the thread', () => isShownOnline(ann.message('Still here'), ann.page));
  await eventually('the feed', () => isShownOnline(feed.getByText('Here, too', { exact: true }), feed));
  await eventually('whoever writes', async () => {
    await bob.linnet.mutate('mutation ($input: TypingSignalInput!) { typingSignal(input: $input) { errors { code } } }', {
      input: { threadId },
    });
    return await isShown(ann.page.getByText('Bob is writing…'));
  });
});
