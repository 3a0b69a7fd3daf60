import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ThreadMarkReadDocument } from '@linnet/client';
import type { Browser, Locator } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { House } from './support/house.js';
import { account, openBrowser, person, type Person } from './support/person.js';
import { direct, said, say } from './support/threads.js';

let house: House;
let browser: Browser;
before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
});

const ALL = 420;
const READ = 200;

/** Turns the wheel over the messages until something has come. */
async function wheel(reader: Person, by: number, until: () => Promise<boolean>): Promise<void> {
  await reader.page.locator('.messages').hover();
  await eventually('the list to get there', async () => {
    if (await until()) return true;
    await reader.page.mouse.wheel(0, by);
    return false;
  });
}

/** Whether something is in sight, within the list. */
async function isInSight(reader: Person, what: Locator): Promise<boolean> {
  if ((await what.count()) === 0) return false;
  const [list, box] = [await reader.page.locator('.messages').boundingBox(), await what.boundingBox()];
  return list !== null && box !== null && box.y < list.y + list.height && box.y + box.height > list.y;
}

test('a thread opens at the first unread message, and goes on in both ways without a gap', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  await say(bob.linnet, threadId, READ);
  const { last: upTo } = await said(ann.linnet, threadId);
  await ann.linnet.mutate(ThreadMarkReadDocument, { input: { threadId, upTo } });
  await say(bob.linnet, threadId, ALL - READ, READ + 1);
  const { contents: all } = await said(ann.linnet, threadId);
  const [oldest = '', newest = ''] = [all[0], all.at(-1)];

  await ann.visit();
  await ann
    .line('Bob')
    .getByText(`${ALL - READ} unread`)
    .waitFor();
  await ann.line('Bob').click();
  await ann.page.locator('.divider', { hasText: 'New' }).waitFor();
  await eventually('the first unread message to be in sight', () => isInSight(ann, ann.message(all[READ] ?? '')));
  assert.ok(!(await isInSight(ann, ann.message(newest))));

  const seen = new Set<string>();
  const collect = async (): Promise<void> => {
    const shown = await ann.contents();
    const from = all.indexOf(shown[0] ?? '');
    assert.deepEqual(shown, all.slice(from, from + shown.length), 'the window has a gap');
    shown.forEach((text) => seen.add(text));
  };
  await wheel(ann, 1500, async () => (await collect(), await isInSight(ann, ann.message(newest))));
  // What is read while one scrolls is read for the list of threads, too.
  await ann.line('Bob').getByText('unread').waitFor({ state: 'detached' });
  await wheel(ann, -3000, async () => (await collect(), await isInSight(ann, ann.message(oldest))));
  assert.equal(seen.size, ALL);

  // From the very beginning the end is one press away.
  await bob.linnet.messageSend({ threadId, content: 'meanwhile' });
  await ann.page.getByRole('button', { name: '1 new' }).click();
  await eventually('the end to be in sight', () => isInSight(ann, ann.message('meanwhile')));
  assert.deepEqual(ann.troubles(), []);
});

test('what one reads stays where it is while older messages come above it and new ones below', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  await say(ann.linnet, threadId, 150);
  const { contents: all } = await said(ann.linnet, threadId);
  await ann.openThread(threadId);
  await ann.message(all.at(-1) ?? '').waitFor();
  const shown = await ann.messages.count();
  await ann.page.locator('.messages').hover();
  const marker = ann.message(all.at(-30) ?? '');
  await marker.scrollIntoViewIfNeeded();
  await eventually('older messages to have come', async () => (await ann.messages.count()) > shown);
  await marker.scrollIntoViewIfNeeded();
  const before = await marker.boundingBox();
  const count = await ann.messages.count();
  await say(bob.linnet, threadId, 5, 151);
  await eventually('new messages to have come', async () => (await ann.messages.count()) >= count + 5);
  const now = await marker.boundingBox();
  assert.ok(before && now && Math.abs(before.y - now.y) < 3, `it was at ${before?.y}, and is at ${now?.y}`);
  await ann.page.getByRole('button', { name: '5 new' }).waitFor();
});

test('who is at the end stays there on a phone, whatever the place where one writes grows by', async () => {
  const phone = { viewport: { width: 390, height: 740 }, hasTouch: true, isMobile: true };
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann', phone), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  await say(bob.linnet, threadId, 30);
  const { contents: all } = await said(ann.linnet, threadId);
  const last = ann.message(all.at(-1) ?? '');
  await ann.openThread(threadId);
  await ann.page.getByRole('button', { name: /new$/ }).click();
  await last.tap();
  await last.getByRole('button', { name: 'Reply' }).tap();
  const files = ['one', 'two', 'three'].map((name) => ({
    name: `${name}.txt`,
    mimeType: 'text/plain',
    buffer: Buffer.from(name),
  }));
  await ann.page.getByLabel('Files', { exact: true }).setInputFiles(files);
  await ann.field.fill('One line\nAnd another\nAnd a third');
  await ann.page.getByRole('list', { name: 'Files to send' }).getByText('three.txt').waitFor();
  await eventually('the last message to be in sight', () => isInSight(ann, last.locator('.bubble')));
  assert.equal(await ann.page.getByRole('button', { name: 'Newest' }).count(), 0);
});

test('the way to what a message replies to leads there, however far it is', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  const { message } = await bob.linnet.messageSend({ threadId, content: 'In the beginning' });
  await say(ann.linnet, threadId, 200);
  await ann.linnet.messageSend({ threadId, content: 'About that', parentId: message.id });
  await ann.openThread(threadId);
  await ann.message('About that').getByRole('button', { name: 'In reply to' }).click();
  await eventually('it to be in sight', () => isInSight(ann, ann.message('In the beginning')));
  assert.ok((await ann.messages.count()) < 201, 'not everything in between was read');
  // Whoever writes is at the end again.
  await ann.say('Here I am');
  await eventually('one’s own message to be in sight', () => isInSight(ann, ann.message('Here I am')));
  assert.equal((await ann.contents()).at(-2), 'About that');
});
