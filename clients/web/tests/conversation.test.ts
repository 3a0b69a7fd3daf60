import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { House } from './support/house.js';
import { account, openBrowser, person } from './support/person.js';
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

test('two who talk while both are cut off again and again each see every message once, and in one order', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), person(house, browser, 'Bob')]);
  const threadId = await direct(ann, bob);
  await Promise.all([ann.openThread(threadId), bob.openThread(threadId)]);
  const rounds = 8;
  for (let round = 1; round <= rounds; round += 1) {
    await ann.say(`Ann ${round}`);
    if (round % 3 === 1) bob.network.cutAll();
    await bob.say(`Bob ${round}`);
    if (round % 3 === 2) ann.network.cutAll();
    // Both ways are away for a while, and both go on writing.
    if (round === 4) [ann, bob].forEach(({ network }) => network.shut());
    if (round === 5) [ann, bob].forEach(({ network }) => network.open());
  }
  for (const one of [ann, bob])
    await eventually('everything to be there', async () => (await one.contents()).length === 2 * rounds);
  await eventually('nothing to be on its way', async () => (await ann.page.locator('[data-status]').count()) === 0);
  await eventually('nothing to be on its way', async () => (await bob.page.locator('[data-status]').count()) === 0);
  const seen = await ann.contents();
  assert.deepEqual(await bob.contents(), seen);
  for (const name of ['Ann', 'Bob']) {
    const own = seen.filter((text) => text.startsWith(name));
    assert.deepEqual(
      own,
      Array.from({ length: rounds }, (_, place) => `${name} ${place + 1}`),
    );
  }
  assert.ok(ann.network.cuts > 0 && bob.network.cuts > 0);
  for (const one of [ann, bob]) assert.deepEqual(one.troubles({ wasCut: true }), []);
});

test('what was said while one was away is there when the network is, and the banner tells of both', async () => {
  const [cleo, dan] = await Promise.all([person(house, browser, 'Cleo'), account(house, 'Dan')]);
  const threadId = await direct(cleo, dan);
  await cleo.openThread(threadId);
  await cleo.page.getByText('Say something.').waitFor();
  const banner = cleo.page.getByText('The connection is away');
  cleo.network.shut();
  await banner.waitFor();
  await say(dan.linnet, threadId, 30);
  const { contents } = await said(dan.linnet, threadId);
  assert.equal(await cleo.messages.count(), 0);
  cleo.network.open();
  await cleo.message(contents.at(-1) ?? '').waitFor();
  await banner.waitFor({ state: 'hidden' });
  assert.deepEqual(await cleo.contents(), contents);
});
