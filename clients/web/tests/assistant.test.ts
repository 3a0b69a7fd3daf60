import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';

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
  endpoint.answer = ['Parrots ', 'say ', 'what ', 'they hear.'];
  await ann.visit();
  await ann.page.getByRole('button', { name: 'New' }).click();
  await ann.page.getByRole('button', { name: /^Ask assistant/ }).click();
  await ann.say('What do parrots say?');
  endpoint.letThrough(2);
  await ann.message('Parrots say').getByText('is writing…').waitFor();
  ann.network.cutAll();
  endpoint.letThrough(1);
  await ann.message('Parrots say what').getByText('is writing…').waitFor();
  endpoint.letThrough(1);
  const answer = ann.message('Parrots say what they hear.').and(ann.page.locator('[data-message]'));
  await answer.getByRole('button', { name: 'In reply to' }).waitFor();
  assert.deepEqual(await ann.contents(), ['What do parrots say?', 'Parrots say what they hear.']);
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
