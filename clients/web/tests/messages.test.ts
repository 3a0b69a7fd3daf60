import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { MessageEditDocument } from '@linnet/client';
import type { Browser } from 'playwright-core';

import { eventually } from '../../typescript/tests/support/eventually.js';
import { House } from './support/house.js';
import { account, done, openBrowser, person } from './support/person.js';
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
  return { ann, bob, threadId };
}

/** Somebody with a thread that nobody else is in. */
async function alone() {
  const ann = await person(house, browser, 'Ann');
  await ann.openThread(await thread(ann, { group: { title: 'Notes', participantIds: [] } }));
  return ann;
}

test('replies, reactions, edits and deletions are seen by the other at once', async () => {
  const { ann, bob } = await two();
  await ann.say('Tea or coffee?');
  await bob.act('Tea or coffee?', 'Reply');
  await bob.say('Tea, please');
  await ann.message('Tea, please').getByText('Ann').waitFor();
  await ann.message('Tea, please').getByRole('button', { name: 'In reply to' }).getByText('Tea or coffee?').waitFor();

  await bob.act('Tea or coffee?', 'React');
  await bob.page.getByRole('button', { name: 'React with 👍' }).click();
  const reaction = ann.message('Tea or coffee?').getByRole('button', { name: '👍, 1 person' });
  await reaction.click();
  await bob.message('Tea or coffee?').getByRole('button', { name: '👍, 2 people', pressed: true }).click();
  await ann.message('Tea or coffee?').getByRole('button', { name: '👍, 1 person', pressed: true }).waitFor();

  await ann.act('Tea or coffee?', 'Edit');
  const editor = ann.page.getByRole('textbox', { name: 'Edit your message' });
  await editor.fill('Tea, coffee or water?');
  await editor.press('Enter');
  await bob.message('Tea, coffee or water?').getByText('(edited)').waitFor();

  await ann.act('Tea, coffee or water?', 'Delete');
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await bob.message('Message deleted').waitFor();
  await bob.message('Tea, please').getByRole('button', { name: 'In reply to' }).waitFor();
  for (const one of [ann, bob]) assert.deepEqual(await one.contents(), ['Message deleted', 'Tea, please']);
  for (const one of [ann, bob]) assert.deepEqual(one.troubles(), []);
});

test('an edit of what was edited elsewhere meanwhile is not made, and says so', async () => {
  const ann = await alone();
  await ann.say('One');
  await ann.message('One').and(ann.page.locator('[data-message]')).waitFor();
  await ann.act('One', 'Edit');
  const id = await ann.page.locator('[data-message]').getAttribute('id');
  done((await ann.linnet.mutate(MessageEditDocument, { input: { id: id ?? '', content: 'Two' } })).messageEdit);
  const editor = ann.page.getByRole('textbox', { name: 'Edit your message' });
  await editor.fill('Three');
  await editor.press('Enter');
  await ann.page.getByText('It has changed meanwhile.').waitFor();
  await editor.press('Escape');
  await ann.message('Two').waitFor();
});

test('who has written sees when it was got, and when it was read', async () => {
  const [ann, bob] = await Promise.all([person(house, browser, 'Ann'), person(house, browser, 'Bob')]);
  const threadId = await direct(ann, bob);
  await ann.openThread(threadId);
  await ann.say('Are you there?');
  await ann.page.getByText('Sent', { exact: true }).waitFor();
  // Whoever has the list open has got it.
  await bob.visit();
  await bob.line('Ann').getByText('1 unread').waitFor();
  await ann.say('Hello?');
  await ann.page.getByText('Delivered', { exact: true }).waitFor();
  await bob.line('Ann').getByText('2 unread').waitFor();
  await bob.line('Ann').click();
  await ann.page.getByText('Read', { exact: true }).waitFor();
  await bob.line('Ann').getByText('unread').waitFor({ state: 'detached' });
});

test('in a group one sees who has read how far', async () => {
  const [ann, bob, cleo] = await Promise.all([
    person(house, browser, 'Ann'),
    person(house, browser, 'Bob'),
    account(house, 'Cleo'),
  ]);
  const threadId = await thread(ann, { group: { title: 'Three', participantIds: [bob.user.id, cleo.user.id] } });
  await ann.openThread(threadId);
  await ann.say('Lunch?');
  await ann.page.getByText('Sent', { exact: true }).waitFor();
  await bob.openThread(threadId);
  await ann.page.getByText('Read by Bob', { exact: true }).waitFor();
  await cleo.linnet.messageSend({ threadId, content: 'Yes' });
  await ann.page.getByText('Read by everybody', { exact: true }).waitFor();
});

test('one sees who is there, and who is writing', async () => {
  const { ann, bob } = await two();
  await ann.page.getByText('Here now').waitFor();
  await bob.field.pressSequentially('Hm');
  await ann.page.getByText('Bob is writing…').waitFor();
  await bob.field.press('Enter');
  await ann.message('Hm').waitFor();
  await ann.page.getByText('Bob is writing…').waitFor({ state: 'detached' });
  await bob.page.close();
  await ann.page.getByText(/Last here today/).waitFor();
});

/** A picture: stripes of two colours, as a PNG. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const all = Buffer.alloc(body.length + 8);
    all.writeUInt32BE(data.length);
    body.copy(all, 4);
    let crc = 0xffffffff;
    for (const byte of body) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    all.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
    return all;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = (y: number): Buffer => Buffer.concat([Buffer.of(0), Buffer.alloc(width * 3, (y >> 5) % 2 ? 0x40 : 0xc0)]);
  const rows = Buffer.concat(Array.from({ length: height }, (_, y) => row(y)));
  const signature = Buffer.of(137, 80, 78, 71, 13, 10, 26, 10);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('a picture goes with a message and is seen as a thumbnail; another file by its name', async () => {
  const { ann, bob } = await two();
  await ann.page.getByLabel('Files', { exact: true }).setInputFiles([
    { name: 'stripes.png', mimeType: 'image/png', buffer: png(800, 600) },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('nothing much') },
  ]);
  await ann.page.getByRole('list', { name: 'Files to send' }).getByText('stripes.png').waitFor();
  await ann.field.fill('Look');
  await eventually('the files to be there', () =>
    ann.page.getByRole('button', { name: 'Send', exact: true }).isEnabled(),
  );
  await ann.field.press('Enter');
  for (const one of [ann, bob]) {
    const picture = one.message('Look').getByRole('img', { name: 'stripes.png' });
    await picture.waitFor();
    const width = await picture.evaluate(async (image: HTMLImageElement) => (await image.decode(), image.naturalWidth));
    assert.equal(width, 512, 'the thumbnail is a small one');
    await one
      .message('Look')
      .getByRole('link', { name: /notes.txt/ })
      .waitFor();
  }
  const href = await bob.message('Look').getByRole('link', { name: 'stripes.png' }).getAttribute('href');
  const whole = await bob.context.request.get(href ?? '');
  assert.equal((await whole.body()).length, png(800, 600).length);
  for (const one of [ann, bob]) assert.deepEqual(one.troubles(), []);
});

test('a file that is not what it is called says so, and the message goes without it', async () => {
  const ann = await alone();
  const file = { name: 'fake.png', mimeType: 'image/png', buffer: Buffer.from('<html>not a picture</html>') };
  await ann.page.getByLabel('Files', { exact: true }).setInputFiles(file);
  await ann.page.getByText(/That type can’t be used/).waitFor();
  await ann.page.getByRole('button', { name: 'Don’t send fake.png' }).click();
  await ann.say('Never mind');
  await ann.message('Never mind').and(ann.page.locator('[data-message]')).waitFor();
});

test('who is removed from a group is told, and it leaves the list', async () => {
  const [ann, bob] = await Promise.all([account(house, 'Ann'), person(house, browser, 'Bob')]);
  const threadId = await thread(ann, { group: { title: 'The few', participantIds: [bob.user.id] } });
  await bob.openThread(threadId);
  const remove = 'mutation ($input: ParticipantRemoveInput!) { participantRemove(input: $input) { removedUserId } }';
  await ann.linnet.mutate(remove, { input: { threadId, userId: bob.user.id } });
  await bob.page.getByRole('heading', { name: 'This conversation is not here' }).waitFor();
  await bob.line('The few').waitFor({ state: 'detached' });
  assert.deepEqual(bob.troubles(), []);
});

test('an address is a link as far as it goes, and the sentence around it is none', async () => {
  const ann = await alone();
  await ann.say(
    'See https://en.wikipedia.org/wiki/Linnet_(bird), (or https://example.org/a?b=[c]). Not javascript:alert(1), nor https://!',
  );
  const links = ann.message('See').and(ann.page.locator('[data-message]')).locator('.bubble__text a');
  await links.first().waitFor();
  assert.deepEqual(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href'))), [
    'https://en.wikipedia.org/wiki/Linnet_(bird)',
    'https://example.org/a?b=[c]',
  ]);
});

test('what is written from right to left is shown so', async () => {
  const ann = await alone();
  await ann.say('مرحبا، linnet!');
  const text = ann.message('مرحبا').and(ann.page.locator('[data-message]')).locator('.bubble__text');
  assert.equal(await text.evaluate((element) => getComputedStyle(element).direction), 'rtl');
});

test('a file that is dropped anywhere in a thread goes with the next message', async () => {
  const ann = await alone();
  await ann.page.locator('.messages').evaluate((list) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    list.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await ann.page.getByRole('list', { name: 'Files to send' }).getByText('dropped.txt').waitFor();
  await ann.page.getByText('7 bytes').waitFor();
});

test('a choice of reactions goes when one turns to something else', async () => {
  const ann = await alone();
  await ann.say('Nice?');
  const message = ann.message('Nice?').and(ann.page.locator('[data-message]'));
  await message.waitFor();
  const choice = ann.page.getByRole('group', { name: 'Reactions to choose from' });
  for (const turn of [() => ann.field.click(), () => ann.page.keyboard.press('Shift+Tab')]) {
    await ann.act('Nice?', 'React');
    await choice.waitFor();
    await turn();
    await choice.waitFor({ state: 'detached' });
  }
});
