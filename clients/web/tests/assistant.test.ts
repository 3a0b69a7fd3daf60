import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { Endpoint } from './support/endpoint.js';
import { House } from './support/house.js';
import { openBrowser, person } from './support/person.js';

let endpoint: Endpoint;
let house: House;
let browser: Browser;
before(async () => {
  endpoint = await Endpoint.start();
  [house, browser] = await Promise.all([House.open(endpoint.settings), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
  endpoint.close();
});

test('an answer is seen as it is written, also by who was cut off meanwhile, and is there once in the end', async () => {
  const ann = await person(house, browser, 'Ann');
  endpoint.answer = ['Parrots ', 'say ', ...Array.from({ length: 50 }, () => 'aye '), 'and they mean it.'];
  await ann.visit();
  await ann.page.getByRole('button', { name: 'New' }).click();
  await ann.page.getByRole('button', { name: /^Ask assistant/ }).click();
  await ann.say('What do parrots say?');
  endpoint.letThrough(2);
  await ann.message('Parrots say').getByText('is writing…').waitFor();
  const { upgrades } = ann.network;
  ann.network.cutAll();
  await eventually('the browser to be back', () => ann.network.upgrades > upgrades);
  // What is said before it listens again is not shown to it, but with the next piece.
  await eventually('the answer to go on', async () => {
    endpoint.letThrough(1);
    const more = ann.message('Parrots say aye').getByText('is writing…');
    return await more.waitFor({ timeout: 1_000 }).then(
      () => true,
      () => false,
    );
  });
  endpoint.letThrough(100);
  await ann.message('and they mean it.').and(ann.page.locator('[data-message]')).waitFor();
  const whole = `Parrots say ${'aye '.repeat(50)}and they mean it.`;
  assert.deepEqual(await ann.contents(), ['What do parrots say?', whole]);
  assert.equal(await ann.page.getByText('is writing…').count(), 0);
  assert.deepEqual(ann.troubles({ wasCut: true }), []);
});

test('an answer that does not come says why, also after one has looked away, and is asked for once more', async () => {
  const ann = await person(house, browser, 'Ann');
  endpoint.answer = 401;
  await ann.visit();
  await ann.page.getByRole('button', { name: 'New' }).click();
  await ann.page.getByRole('button', { name: /^Ask assistant/ }).click();
  await ann.say('Anybody?');
  await ann.page.getByText('The assistant is not available.').waitFor();
  await ann.page.reload();
  await ann.page.getByText('The assistant is not available.').waitFor();
  endpoint.answer = ['Now I am here.'];
  endpoint.letThrough(1);
  await ann.page.getByRole('button', { name: 'Ask again' }).click();
  await ann.message('Now I am here.').and(ann.page.locator('[data-message]')).waitFor();
  assert.equal(await ann.page.getByRole('button', { name: 'Ask again' }).count(), 0);
});
