import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';

import { House } from './support/house.js';
import { account, openBrowser, PASSWORD, person, type Person } from './support/person.js';
import { direct, thread } from './support/threads.js';

let house: House;
let browser: Browser;
before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
});

async function two() {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), person(house, browser, 'Bob')]);
  const threadId = await direct(ann, bob);
  await Promise.all([ann.openThread(threadId), bob.openThread(threadId)]);
  return { ann, bob };
}

test('a message is shown at once, says that it was not sent, and is there once however often it is tried', async () => {
  const { ann, bob } = await two();
  ann.network.shut();
  await ann.say('Is anybody there?');
  await ann.say('I will wait.');
  await ann.message('Is anybody there?').waitFor();
  const failures = ann.page.getByText('Not sent: the server can’t be reached.');
  await failures.nth(1).waitFor();
  // It does get through now, but its answer is lost on the way back.
  ann.network.open();
  ann.network.loseAnswerTo((request) => request.includes('mutation MessageSend'));
  for (const text of ['Is anybody there?', 'I will wait.']) {
    await ann.message(text).getByRole('button', { name: 'Try again' }).click();
  }
  await bob.message('I will wait.').waitFor();
  await ann.page.locator('[data-status]').first().waitFor({ state: 'detached' });
  for (const one of [ann, bob]) assert.deepEqual(await one.contents(), ['Is anybody there?', 'I will wait.']);
  assert.deepEqual(ann.troubles({ wasCut: true }), []);
});

test('a message that is on its way when the page is loaded anew is sent all the same, once', async () => {
  const { ann, bob } = await two();
  // The page itself is there again; what it asks the server is not answered for a while.
  await ann.page.route('**/graphql', (route) =>
    route.request().postData()?.includes('mutation MessageSend') ? route.abort() : route.continue(),
  );
  await ann.say('Before I go');
  await ann.page.getByText('Sending…').waitFor();
  await ann.page.reload();
  await ann.message('Before I go').waitFor();
  await ann.page.unroute('**/graphql');
  await bob.message('Before I go').waitFor();
  await ann.page.locator('[data-status]').first().waitFor({ state: 'detached' });
  for (const one of [ann, bob]) assert.deepEqual(await one.contents(), ['Before I go']);
});

test('a message that the server refuses says why, and can be thrown away', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.openThread(await thread(ann, { group: { title: 'Notes', participantIds: [] } }));
  await ann.say('x'.repeat(5000));
  await ann.page.getByText('The message is too long.').waitFor();
  await ann.page.getByRole('button', { name: 'Discard' }).click();
  await ann.say('In short: no.');
  await ann.message('In short: no.').and(ann.page.locator('[data-message]')).waitFor();
  assert.deepEqual(await ann.contents(), ['In short: no.']);
  assert.deepEqual(ann.troubles(), []);
});

async function signIn({ page }: Person, username: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Username or email').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Password').press('Enter');
}

test('what one had not sent, nor finished, is nothing of whoever signs in next, and is there when one is back', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  const threadId = await direct(ann, bob);
  await ann.openThread(threadId);
  await ann.page.route('**/graphql', (route) =>
    route.request().postData()?.includes('mutation MessageSend') ? route.abort() : route.continue(),
  );
  await ann.say('Between us');
  await ann.say('And only us');
  await ann.page.getByText('Sending…').waitFor();
  await ann.field.fill('Half a thou');
  await signIn(ann, bob.user.username);
  await ann.line('Ann').click();
  await ann.field.waitFor();
  assert.equal(await ann.field.inputValue(), '');
  await ann.page.unroute('**/graphql');
  await ann.say('Hello from Bob');
  await ann.message('Hello from Bob').and(ann.page.locator('[data-message]')).waitFor();
  assert.deepEqual(await ann.contents(), ['Hello from Bob']);
  await signIn(ann, ann.user.username);
  await ann.line('Bob').click();
  await ann.message('And only us').and(ann.page.locator('[data-message]')).waitFor();
  assert.deepEqual(await ann.contents(), ['Hello from Bob', 'Between us', 'And only us']);
  assert.equal(await ann.field.inputValue(), 'Half a thou');
  assert.equal(await ann.page.locator('[data-mine]').count(), 2);
});

test('Enter that confirms what an input method offers sends nothing, whatever the browser says of it', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.openThread(await thread(ann, { group: { title: 'Notes', participantIds: [] } }));
  await ann.field.fill('にほん');
  await ann.field.evaluate((field) =>
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true })),
  );
  await ann.say('日本');
  await ann.message('日本').and(ann.page.locator('[data-message]')).waitFor();
  assert.deepEqual(await ann.contents(), ['日本']);
});

test('what was begun in one thread waits there while one looks into another', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.openThread(await thread(ann, { group: { title: 'Notes', participantIds: [] } }));
  await ann.field.fill('Half a thou');
  await ann.page.getByRole('link', { name: 'Rooms' }).click();
  await ann.page.getByRole('heading', { name: 'Rooms' }).waitFor();
  await ann.page.goBack();
  await ann.field.waitFor();
  assert.equal(await ann.field.inputValue(), 'Half a thou');
});
