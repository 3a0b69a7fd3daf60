import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { House } from './support/house.js';
import { account, openBrowser, person, Person, type Account } from './support/person.js';
import { direct, say, thread } from './support/threads.js';

let house: House;
let browser: Browser;
let axe: string;
before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
});

/** What stands in the way of somebody, gravely. */
async function barriers(page: Page): Promise<string[]> {
  // Not as an element of the page, where its policy would not let it run.
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** A thread with a bit of everything in it, which has others beside it. */
async function furnished(ann: Account): Promise<string> {
  const bob = await account(house, 'Bob');
  const threadId = await direct(ann, bob);
  await thread(ann, { group: { title: 'A group', participantIds: [bob.user.id] } });
  await say(bob.linnet, threadId, 30);
  const { message } = await ann.linnet.messageSend({
    threadId,
    content: 'See https://example.org/a/rather/long/address/that/goes/on/and/on/and/on.html',
  });
  await bob.linnet.messageSend({ threadId, content: 'W'.repeat(300), parentId: message.id });
  await bob.linnet.mutate('mutation ($input: ReactionInput!) { reactionAdd(input: $input) { errors { code } } }', {
    input: { messageId: message.id, emoji: '👍' },
  });
  return threadId;
}

async function everyPage(one: Person & Account, look: (where: string) => Promise<void>): Promise<void> {
  const threadId = await furnished(one);
  await one.linnet.mutate('mutation { chirpCreate(input: {message: "Tweet"}) { errors { code } } }');
  await one.visit();
  await one.line('A group').waitFor();
  await look('home');
  await one.openThread(threadId);
  await one.message('WWW').waitFor();
  await look('thread');
  await one.act('example.org', 'Reply');
  await one.act('example.org', 'Edit');
  await one.message('WWW').hover();
  await one.act('WWW', 'React');
  await look('thread, at work');
  await one.visit('chirps');
  await one.page.getByText('Tweet').first().waitFor();
  await look('chirps');
  await one.visit('rooms');
  await one.page.getByRole('main').getByRole('link', { name: 'Lobby' }).waitFor();
  await look('rooms');
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no page has a grave barrier, in ${colorScheme} colours`, async () => {
    const stranger = await Person.stranger(house, browser, { colorScheme });
    await stranger.visit();
    await stranger.page.getByLabel('Password').waitFor();
    assert.deepEqual(await barriers(stranger.page), []);
    const ann = await person(house, browser, 'Ann', { colorScheme });
    const ground: string[] = [];
    await everyPage(ann, async (where) => {
      assert.deepEqual(await barriers(ann.page), [], where);
      ground.push(await ann.page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    });
    await ann.visit();
    await ann.page.getByRole('button', { name: 'New' }).click();
    await ann.page.getByRole('checkbox').first().waitFor();
    assert.deepEqual(await barriers(ann.page), [], 'new conversation');
    const [red = 0] = (ground[0] ?? '').match(/\d+/g)?.map(Number) ?? [];
    assert.equal(red > 128, colorScheme === 'light');
    assert.deepEqual([...stranger.troubles(), ...ann.troubles()], []);
  });
}

test('on a phone nothing is wider than it is, and the way back leads to the list', async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
  const ann = await person(house, browser, 'Ann', phone);
  await everyPage(ann, async (where) => {
    const wide = await ann.page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('.messages__scroller, .column, .threads')]
        .filter((box) => box.scrollWidth > box.clientWidth)
        .map((box) => `${box.className} ${box.scrollWidth} > ${box.clientWidth}`),
    );
    assert.deepEqual(wide, [], where);
  });
  await ann.visit();
  await ann.line('Bob').waitFor();
  assert.ok(!(await ann.page.getByRole('main').isVisible()));
  await ann.line('Bob').tap();
  await ann.field.waitFor();
  await ann.message('message 030').tap();
  await ann.message('message 030').getByRole('button', { name: 'Reply' }).waitFor();
  assert.ok(!(await ann.line('Bob').isVisible()));
  await ann.page.getByRole('link', { name: 'Back to your conversations' }).tap();
  await ann.line('Bob').waitFor();
  assert.deepEqual(ann.troubles(), []);
});

test('everything is done by the keyboard alone, and the focus is never lost', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  await say(bob.linnet, threadId, 3);
  await ann.visit();
  await ann.line('Bob').waitFor();
  const { keyboard } = ann.page;
  const focused = async (): Promise<string> =>
    await ann.page.evaluate(() => {
      const { activeElement } = document;
      return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? '';
    });
  const tabTo = async (what: RegExp): Promise<void> => {
    for (let steps = 0; !what.test(await focused()); steps += 1) {
      assert.ok(steps < 40, `Tab does not lead to ${what}`);
      await keyboard.press('Tab');
    }
  };
  await tabTo(/^B.*Bob/);
  await keyboard.press('Enter');
  await eventually('the focus to be where one writes', async () => /^Message to Bob/.test(await focused()));
  await keyboard.type('By hand');
  await keyboard.press('Enter');
  await ann.message('By hand').and(ann.page.locator('[data-message]')).waitFor();
  // From the empty field the arrow leads to one's own last message, and on to those before.
  await keyboard.press('ArrowUp');
  await eventually('the message to have the focus', async () => /By hand/.test(await focused()));
  await tabTo(/^Edit$/);
  await keyboard.press('Enter');
  await keyboard.press('End');
  await keyboard.type(', slowly');
  await keyboard.press('Enter');
  await ann.message('By hand, slowly').waitFor();
  await eventually('the message to have the focus again', async () => /By hand, slowly/.test(await focused()));
  await keyboard.press('ArrowUp');
  assert.match(await focused(), /message 003/);
  await tabTo(/^React$/);
  await keyboard.press('Enter');
  assert.equal(await focused(), 'React with 👍');
  await keyboard.press('Enter');
  await ann.message('message 003').getByRole('button', { name: '👍, 1 person', pressed: true }).waitFor();
  assert.match(await focused(), /message 003/);
  await tabTo(/^Reply$/);
  await keyboard.press('Enter');
  await keyboard.type('An answer');
  await keyboard.press('Enter');
  const own = ann.message('An answer').and(ann.page.locator('[data-message]'));
  await own.getByRole('button', { name: 'In reply to' }).waitFor();
  await keyboard.press('ArrowUp');
  await tabTo(/^Delete$/);
  await keyboard.press('Enter');
  await tabTo(/^Delete$/);
  await keyboard.press('Enter');
  await ann.message('Message deleted').waitFor();
  await eventually('what is left to have the focus', async () => /Message deleted/.test(await focused()));
  // What comes is said to those who listen.
  await bob.linnet.messageSend({ threadId, content: 'Well done' });
  await ann.page.getByRole('log').getByText('Bob: Well done').waitFor();
  assert.deepEqual(ann.troubles(), []);
});
