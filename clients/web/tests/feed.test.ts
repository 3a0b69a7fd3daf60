import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { House } from './support/house.js';
import { openBrowser, person, type Person } from './support/person.js';

let house: House;
let browser: Browser;
before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
});

const chirps = ({ page }: Person): Locator => page.getByRole('list', { name: 'Chirps' }).getByRole('listitem');

async function chirp(one: Person, text: string): Promise<void> {
  await one.page.getByLabel('Say something to everybody').fill(text);
  await one.page.getByRole('button', { name: 'Chirp', exact: true }).click();
}

test('what one says is seen by everybody at once, on top, and goes when it is taken back', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), person(house, browser, 'Bob')]);
  await Promise.all([ann.visit('chirps'), bob.visit('chirps')]);
  await chirp(ann, 'First light');
  await chirps(bob).filter({ hasText: 'First light' }).waitFor();
  bob.network.shut();
  await chirp(ann, 'Second light');
  await chirps(ann).first().filter({ hasText: 'Second light' }).waitFor();
  bob.network.open();
  await chirps(bob).first().filter({ hasText: 'Second light' }).waitFor();
  await chirps(ann).filter({ hasText: 'First light' }).getByRole('button', { name: 'Delete' }).click();
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  await ann.page.keyboard.press('Enter');
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await chirps(bob).filter({ hasText: 'First light' }).waitFor({ state: 'detached' });
  assert.equal(await chirps(bob).count(), 1);
  assert.match(await ann.page.evaluate(() => document.activeElement?.textContent ?? ''), /Second light/);
  assert.deepEqual(ann.troubles(), []);
  assert.deepEqual(bob.troubles({ wasCut: true }), []);
});

test('a chirp whose answer was lost is said once when it is said again, and one that is too long is not said', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.visit('chirps');
  const text = `Once ${Date.now()}`;
  // Every answer is lost until the client gives up.
  await ann.page.route('**/graphql', async (route) => {
    if (!route.request().postData()?.includes('mutation ChirpCreate')) return await route.continue();
    await route.fetch();
    await route.abort();
  });
  await chirp(ann, text);
  await ann.page.getByText('The server can’t be reached.').waitFor();
  await ann.page.unroute('**/graphql');
  await ann.page.getByRole('button', { name: 'Chirp', exact: true }).click();
  await eventually(
    'the field to be empty',
    async () => (await ann.page.getByLabel('Say something to everybody').inputValue()) === '',
  );
  assert.equal(await chirps(ann).filter({ hasText: text }).count(), 1);
  await ann.page.getByLabel('Say something to everybody').fill('x'.repeat(256));
  await ann.page.getByText('-1 left').waitFor();
  assert.ok(await ann.page.getByRole('button', { name: 'Chirp', exact: true }).isDisabled());
});

test('older chirps come as one goes down', async () => {
  const ann = await person(house, browser, 'Ann');
  const said = Array.from({ length: 70 }, (_, place) => `chirp number ${place + 1}`);
  // Ten in a breath, in their order.
  for (let place = 0; place < said.length; place += 10) {
    const posts = said
      .slice(place, place + 10)
      .map((message, number) => `c${number}: chirpCreate(input: {message: "${message}"}) { cursor }`);
    await ann.linnet.mutate(`mutation { ${posts.join(' ')} }`);
  }
  await ann.visit('chirps');
  await chirps(ann).first().filter({ hasText: 'chirp number 70' }).waitFor();
  assert.ok((await chirps(ann).count()) < 70);
  await ann.page.locator('.column').hover();
  await eventually('the oldest to be there', async () => {
    await ann.page.mouse.wheel(0, 4000);
    return (await chirps(ann).getByText('chirp number 1', { exact: true }).count()) === 1;
  });
  const shown = await chirps(ann).locator('.chirp__text').allInnerTexts();
  assert.deepEqual(shown.slice(0, 70), said.toReversed());
});
