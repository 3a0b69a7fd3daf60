import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ViewerDocument } from '@linnet/client';
import type { Browser } from 'playwright-core';

import { House } from './support/house.js';
import { account, openBrowser, PASSWORD, person, Person, unique } from './support/person.js';
import { thread } from './support/threads.js';

let house: House;
let browser: Browser;
before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser.close();
  await house.close();
});

test('a stranger makes an account, signs out, and signs in again', async () => {
  const { page, troubles } = bound(await Person.stranger(house, browser));
  const name = unique('wren');
  await page.goto('/app/');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Email').fill(`${name}@example.org`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByText('No conversations yet.').waitFor();
  // It is remembered.
  await page.reload();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Username or email').fill(name);
  await page.getByLabel('Password').fill('not the password');
  await page.getByLabel('Password').press('Enter');
  await page.getByText('That name and that password don’t belong together.').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Password').press('Enter');
  await page.getByText('No conversations yet.').waitFor();
  assert.deepEqual(troubles(), []);
});

test('a name that is taken is told at its field', async () => {
  const { user } = await account(house, 'Robin');
  const { page } = await Person.stranger(house, browser);
  await page.goto('/app/');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByLabel('Username').fill(user.username);
  await page.getByLabel('Email').fill('robin@example.org');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByText('That username is taken.').waitFor();
  assert.equal(await page.getByLabel('Username').getAttribute('aria-invalid'), 'true');
});

test('a guest comes into the lobby and talks there, and is not offered what guests may not do', async () => {
  const guest = await Person.stranger(house, browser);
  await guest.visit();
  await guest.page.getByRole('button', { name: 'Guest' }).click();
  await guest.page.getByLabel('Username').fill(unique('wren'));
  await guest.page.getByRole('button', { name: 'Come in as a guest' }).click();
  await guest.say('Hello, whoever is here');
  await guest.message('Hello, whoever is here').and(guest.page.locator('[data-message]')).waitFor();
  assert.equal(await guest.page.getByRole('button', { name: 'New' }).count(), 0);
  assert.equal(await guest.page.getByRole('button', { name: 'Attach files' }).count(), 0);
  assert.deepEqual(guest.troubles(), []);
});

test('a room is read before it is joined, and written in afterwards', async () => {
  const [owner, ann] = await Promise.all([account(house, 'Olga'), person(house, browser, 'Ann')]);
  const title = unique('Reading room');
  const threadId = await thread(owner, { room: { title } });
  await owner.linnet.messageSend({ threadId, content: 'Silence, please' });
  await ann.visit('rooms');
  await ann.page.getByRole('main').getByRole('link', { name: title }).click();
  await ann.message('Silence, please').waitFor();
  assert.equal(await ann.field.count(), 0);
  await ann.page.getByRole('button', { name: 'Join this room' }).click();
  await ann.say('…');
  await ann.line(title).waitFor();
});

test('who signs out in one tab is signed out in the other', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.visit();
  await ann.page.getByText('No conversations yet.').waitFor();
  const other = await ann.context.newPage();
  await other.goto('/app/chirps');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await ann.page.getByLabel('Username or email').waitFor();
});

test('who signs in as somebody else in one tab is that in the other, too', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), account(house, 'Bob')]);
  await ann.visit();
  await ann.page.locator('.side__me', { hasText: 'Ann' }).waitFor();
  const other = await ann.context.newPage();
  await other.goto('/app/');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByLabel('Username or email').fill(bob.user.username);
  await other.getByLabel('Password').fill(PASSWORD);
  await other.getByLabel('Password').press('Enter');
  for (const page of [other, ann.page]) await page.locator('.side__me', { hasText: 'Bob' }).waitFor();
  assert.deepEqual(ann.troubles(), []);
});

test('a tab that slept through a sign-out and the next sign-in ends nobody’s session', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.visit();
  await ann.page.getByText('No conversations yet.').waitFor();
  // What it is told when it wakes: the tokens were taken away, once. New ones are there by now.
  await ann.page.evaluate(() =>
    dispatchEvent(new StorageEvent('storage', { key: 'linnet.tokens', newValue: null, storageArea: localStorage })),
  );
  await ann.page.getByRole('link', { name: 'Rooms' }).click();
  await ann.page.getByRole('main').getByRole('link', { name: 'Lobby' }).waitFor();
  assert.ok((await ann.linnet.query(ViewerDocument)).viewer);
  assert.deepEqual(ann.troubles(), []);
});

test('a guest for whom there is no way into the lobby is in the house all the same', async () => {
  const guest = await Person.stranger(house, browser);
  await guest.page.route('**/graphql', (route) =>
    route.request().postData()?.includes('mutation ThreadJoin') ? route.abort() : route.continue(),
  );
  await guest.visit();
  await guest.page.getByRole('button', { name: 'Guest' }).click();
  await guest.page.getByLabel('Username').fill(unique('wren'));
  await guest.page.getByRole('button', { name: 'Come in as a guest' }).click();
  await guest.page.getByText('Guests talk in rooms.').waitFor();
});

test('a session that was ended elsewhere ends here', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.visit();
  await ann.page.getByText('No conversations yet.').waitFor();
  await ann.linnet.mutate('mutation { sessionRevoke(input: {}) { revokedId } }');
  await ann.page.getByText('Your session has ended. Sign in again.').waitFor();
});

test('one person makes a direct thread and a group of those who are found', async () => {
  const [ann, bob, cleo] = await Promise.all([
    person(house, browser, 'Ann'),
    account(house, unique('Bob')),
    account(house, unique('Cleo')),
  ]);
  await ann.visit();
  const find = async (name: string): Promise<void> => {
    await ann.page.getByLabel('Who?').fill(name);
    await ann.page.getByRole('checkbox', { name }).check();
  };
  await ann.page.getByRole('button', { name: 'New' }).click();
  await find(bob.user.profile.displayName);
  await ann.page.getByRole('button', { name: 'Begin' }).click();
  await ann.page.getByRole('heading', { name: bob.user.profile.displayName }).waitFor();
  await ann.page.getByRole('button', { name: 'New' }).click();
  await find(bob.user.profile.displayName);
  await find(cleo.user.profile.displayName);
  await ann.page.getByLabel('What is the group called?').fill('The three of us');
  await ann.page.getByRole('button', { name: 'Make a group of 3' }).click();
  await ann.page.getByRole('heading', { name: 'The three of us' }).waitFor();
  await ann.say('Hello, both');
  await ann.line('The three of us').getByText('You: Hello, both').waitFor();
  assert.deepEqual(ann.troubles(), []);
});

test('an address that leads nowhere says so', async () => {
  const ann = await person(house, browser, 'Ann');
  await ann.visit('threads/thr_00000000000000000000000000');
  await ann.page.getByRole('heading', { name: 'This conversation is not here' }).waitFor();
  await ann.visit('nowhere/at/all');
  await ann.page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  await ann.visit();
  // Which no server would answer.
  await ann.page.evaluate(() => {
    history.pushState(null, '', '/app/threads/%E0%A4%A');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await ann.page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  assert.deepEqual(ann.troubles(), []);
});

function bound(stranger: Person) {
  return { page: stranger.page, troubles: () => stranger.troubles() };
}
