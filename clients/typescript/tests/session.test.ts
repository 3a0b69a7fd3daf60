import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { LinnetError, memoryStorage, ThreadJoinDocument, ViewerDocument, webStorage, type Tokens } from '@linnet/client';

import { eventually } from './support/eventually.js';
import { client, listed, room, somebody, unique } from './support/people.js';
import { Proxy } from './support/proxy.js';
import { Server } from './support/server.js';

const LONGER_THAN_AN_ACCESS_TOKEN = 16 * 60;

let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

/** A fetch that counts what is refreshed by it. */
let refreshes: number;
beforeEach(() => {
  refreshes = 0;
});
const counting: typeof fetch = (input, init) => {
  if (String(init?.body).includes('mutation SessionRefresh')) refreshes += 1;
  return fetch(input, init);
};

/** What a browser's storage is to this client. */
function tabsStorage(): {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
} {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

test('fifty requests that find the token run out wait for one refresh, and are all answered', async () => {
  const bob = await somebody(server.url, { fetch: counting });
  await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
  const answers = await Promise.all(Array.from({ length: 50 }, () => bob.query(ViewerDocument)));
  assert.ok(answers.every(({ viewer }) => viewer !== null));
  assert.equal(refreshes, 1);
  await bob.query(ViewerDocument);
  assert.equal(refreshes, 1);
});

test('two tabs that refresh at once both go on, and so they do the next time', async () => {
  const storage = webStorage(tabsStorage());
  const one = await somebody(server.url, { storage, fetch: counting });
  const two = client(server.url, { storage, fetch: counting });
  for (let time = 0; time < 3; time += 1) {
    await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
    const answers = await Promise.all(
      [one, two].flatMap((tab) => [tab.query(ViewerDocument), tab.query(ViewerDocument)]),
    );
    assert.ok(answers.every(({ viewer }) => viewer !== null));
  }
  assert.ok(refreshes <= 6);
});

test('a tab that slept takes the tokens that another has left, and uses no old one', async () => {
  const storage = webStorage(tabsStorage());
  const one = await somebody(server.url, { storage });
  const two = client(server.url, { storage, fetch: counting });
  await two.query(ViewerDocument);
  await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
  await one.query(ViewerDocument);
  assert.notEqual((await two.query(ViewerDocument)).viewer, null);
  assert.equal(refreshes, 0);
});

test('a refresh whose answer is lost is tried again in time, and the session goes on', async () => {
  const proxy = await Proxy.to(server.port);
  const bob = await somebody(proxy.url, { fetch: counting });
  await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
  proxy.loseAnswerTo((request) => request.includes('mutation SessionRefresh'));
  assert.notEqual((await bob.query(ViewerDocument)).viewer, null);
  assert.equal(refreshes, 2);
  await proxy.close();
});

test('a refresh whose answer hangs is overtaken by another while the server still takes its token', async () => {
  let isFirst = true;
  const hanging: typeof fetch = async (input, init) => {
    const answer = await counting(input, init);
    if (!String(init?.body).includes('mutation SessionRefresh') || !isFirst) return answer;
    isFirst = false;
    return await new Promise((_, reject) =>
      init?.signal?.addEventListener('abort', () => reject(new Error('given up'))),
    );
  };
  const bob = await somebody(server.url, { fetch: hanging });
  await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
  assert.notEqual((await bob.query(ViewerDocument)).viewer, null);
  assert.equal(refreshes, 2);
});

test('a session that has ended is told once, and nothing of it is kept', async () => {
  const told: LinnetError[] = [];
  const bob = await somebody(server.url);
  const elsewhere = client(server.url, {
    storage: memoryStorage(await bob.tokens()),
    onSessionEnd: (why) => told.push(why),
  });
  assert.equal(await bob.signOut(), true);
  const asked = await Promise.allSettled(Array.from({ length: 10 }, () => elsewhere.query(ViewerDocument)));
  const refused = asked.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  assert.ok(refused.length > 0);
  assert.ok(refused.every(({ reason }) => (reason as LinnetError).code === 'UNAUTHENTICATED'));
  assert.equal(told.length, 1);
  assert.equal(await elsewhere.tokens(), null);
  assert.equal((await elsewhere.query(ViewerDocument)).viewer, null, 'who has no session asks as nobody');
});

test('tokens of a session that has ended do not stand in the way of signing in, nor of signing out', async () => {
  const told: LinnetError[] = [];
  const bob = await somebody(server.url);
  const left = async (): Promise<ReturnType<typeof client>> =>
    client(server.url, { storage: memoryStorage(await bob.tokens()), onSessionEnd: (why) => told.push(why) });
  const [one, two] = [await left(), await left()];
  await bob.signOut();
  await one.signInAsGuest({ username: unique() });
  assert.notEqual((await one.query(ViewerDocument)).viewer, null);
  assert.equal(await two.signOut(), true);
  assert.deepEqual(told, []);
});

test('a server that is away when tokens run out costs no session', async () => {
  const proxy = await Proxy.to(server.port);
  const bob = await somebody(proxy.url);
  await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
  proxy.shut();
  await assert.rejects(bob.query(ViewerDocument), { code: 'NETWORK' });
  proxy.open();
  assert.notEqual((await bob.query(ViewerDocument)).viewer, null);
  await proxy.close();
});

test('who signs out while tokens are refreshed stays signed out', async () => {
  const storage = memoryStorage();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isHeld = false;
  const held: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (String(init?.body).includes('mutation SessionRefresh')) {
      isHeld = true;
      await released;
    }
    return answer;
  };
  const bob = await somebody(server.url, { storage, fetch: held });
  await server.advance(LONGER_THAN_AN_ACCESS_TOKEN);
  const asked = bob.query(ViewerDocument).catch(() => {});
  await eventually('the refresh to be answered', () => isHeld);
  storage.set(null);
  release();
  await asked;
  assert.equal(await bob.tokens(), null);
});

test('what one has sent is not sent again as whoever signs in meanwhile', async () => {
  let [isAway, tries] = [true, 0];
  const gated: typeof fetch = (input, init) => {
    if (!isAway || !String(init?.body).includes('mutation MessageSend')) return fetch(input, init);
    tries += 1;
    return Promise.reject(new TypeError('away'));
  };
  const linnet = await somebody(server.url, { fetch: gated });
  const { threadId } = await room(linnet);
  const sent = linnet.messageSend({ threadId, content: 'by the first' });
  const refused = assert.rejects(sent, { code: 'NETWORK' });
  await eventually('it to be tried', () => tries > 0);
  await linnet.signInAsGuest({ username: unique() });
  await linnet.mutate(ThreadJoinDocument, { input: { id: threadId } });
  isAway = false;
  await refused;
  assert.deepEqual(await listed(linnet, threadId), []);
});

test('who signs in while somebody is still signing out stays signed in', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let isLeaving = false;
  const slow: typeof fetch = async (input, init) => {
    if (!String(init?.body).includes('mutation SignOut')) return await fetch(input, init);
    isLeaving = true;
    const answer = await fetch(input, init);
    await released;
    return answer;
  };
  const linnet = await somebody(server.url, { fetch: slow });
  const left = linnet.signOut();
  await eventually('the server to be told', () => isLeaving);
  const guest = await linnet.signInAsGuest({ username: unique() });
  release();
  assert.equal(await left, true);
  assert.equal((await linnet.query(ViewerDocument)).viewer?.user.id, guest.id);
});

test('a wrong password is told by its code, and what is wrong with a form by its fields', async () => {
  const visitor = client(server.url);
  await assert.rejects(visitor.signIn({ login: unique(), password: 'not this one' }), {
    name: 'LinnetError',
    code: 'WRONG_CREDENTIALS',
  });
  const told = await visitor.signUp({ username: 'not a name!', email: 'a@example.org', password: 'long enough' }).then(
    () => undefined,
    (error: unknown) => error as LinnetError,
  );
  assert.deepEqual(told?.inputErrors[0]?.path, ['username']);
  assert.equal(await visitor.tokens(), null);
});

test('a guest signs in by a name, and who has a password by that', async () => {
  const visitor = client(server.url);
  const guest = await visitor.signInAsGuest({ username: unique() });
  assert.equal(guest.kind, 'GUEST');
  const username = unique();
  await client(server.url).signUp({ username, email: `${username}@example.org`, password: 'long enough' });
  const user = await client(server.url).signIn({ login: username.toUpperCase(), password: 'long enough' });
  assert.equal(user.username, username);
});

test("tokens in a browser's storage survive the page, and what is no token there is nobody", async () => {
  const items = tabsStorage();
  await somebody(server.url, { storage: webStorage(items) });
  assert.notEqual((await client(server.url, { storage: webStorage(items) }).query(ViewerDocument)).viewer, null);
  for (const broken of ['{', '"text"', '{"accessToken":7}']) {
    items.setItem('linnet.tokens', broken);
    assert.equal(webStorage(items).get() satisfies Tokens | null | Promise<Tokens | null>, null);
  }
});
