import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ChirpCreateDocument,
  ChirpEventsDocument,
  MessageAddedDocument,
  ThreadEventsDocument,
  ThreadJoinDocument,
  ThreadSignalsDocument,
  TypingSignalDocument,
  type Linnet,
  type Operation,
} from '@linnet/client';
import WebSocket from 'ws';

import { eventually } from './support/eventually.js';
import { client, room, somebody, unique } from './support/people.js';
import { Proxy } from './support/proxy.js';
import { again, contents, nextOf, send, type Thread } from './support/reading.js';
import { Server } from './support/server.js';

let server: Server;
let ann: Linnet;
before(async () => {
  server = await Server.start({ LINNET_HEARTBEAT_SECONDS: '1' });
  ann = await somebody(server.url);
});
after(() => server.stop());

test('all streams of a client share one socket', async () => {
  const proxy = await Proxy.to(server.port);
  const reader = await again(ann, proxy.url);
  const thread = await room(ann);
  const streams = Array.from({ length: 10 }, () => reader.stream(ThreadEventsDocument, thread));
  await Promise.all(streams.map((stream) => nextOf(stream, 'CaughtUp')));
  assert.equal(proxy.taken, 1);
  reader.close();
  await proxy.close();
});

test('where no socket comes about, streams come as events', async () => {
  const [proxy, thread] = [await Proxy.to(server.port), await room(ann)];
  proxy.refuseUpgrades();
  const reader = await again(ann, proxy.url);
  const stream = reader.stream(MessageAddedDocument, thread);
  const said = contents(stream, 1);
  await send(ann, thread, 'by events');
  assert.deepEqual(await said, ['by events']);
  // Once more, since the server may have been away until then.
  assert.deepEqual(await contents(reader.stream(MessageAddedDocument, thread), 1), ['by events']);
  const { upgrades } = proxy;
  assert.deepEqual(await contents(reader.stream(MessageAddedDocument, thread), 1), ['by events']);
  assert.equal(proxy.upgrades, upgrades, 'sockets are tried no more');
  reader.close();
  await proxy.close();
});

test('who goes by events tries sockets again once events don’t come about any more', async () => {
  const [proxy, thread] = [await Proxy.to(server.port), await room(ann)];
  proxy.refuseUpgrades();
  const reader = await again(ann, proxy.url);
  await send(ann, thread, 'by events');
  const streams = Array.from({ length: 2 }, () => reader.stream(MessageAddedDocument, thread));
  for (const stream of streams) assert.deepEqual(await contents(stream, 1), ['by events']);
  proxy.refuseUpgrades(false);
  proxy.shut();
  const { taken, upgrades } = proxy;
  await eventually('it to be tried in vain', () => proxy.taken > taken + streams.length);
  proxy.open();
  await send(ann, thread, 'by whatever there is');
  for (const stream of streams) assert.deepEqual(await contents(stream, 1), ['by whatever there is']);
  assert.deepEqual(await contents(reader.stream(MessageAddedDocument, thread), 1), ['by events']);
  assert.ok(proxy.upgrades > upgrades);
  reader.close();
  await proxy.close();
});

test('a server that was away does not make a client forget that there are sockets', async () => {
  const proxy = await Proxy.to(server.port);
  proxy.shut();
  const reader = await again(ann, proxy.url);
  const thread = await room(ann);
  const stream = reader.stream(ThreadEventsDocument, thread);
  const caughtUp = nextOf(stream, 'CaughtUp');
  await eventually('a few attempts', () => proxy.taken > 6);
  proxy.open();
  await caughtUp;
  await nextOf(reader.stream(ThreadEventsDocument, thread), 'CaughtUp');
  assert.ok(proxy.upgrades > 0);
  reader.close();
  await proxy.close();
});

test('a stream that falls silent on a socket that is alive is asked for again', async () => {
  // A socket that passes everything on but what one operation says, once it is told which.
  let stuck: string | undefined;
  let heartbeats = 0;
  const asked: string[] = [];
  class Sticky extends WebSocket {
    override emit(event: string | symbol, ...values: unknown[]): boolean {
      const text = event === 'message' ? String(values[0]) : '';
      if (stuck !== undefined && text.includes(stuck)) return false;
      if (text.includes('Heartbeat') && text.includes(asked[0] ?? 'nothing')) heartbeats += 1;
      return super.emit(event, ...values);
    }
    override send(data: string): void {
      const message = JSON.parse(data) as { type: string; id: string };
      if (message.type === 'subscribe') asked.push(message.id);
      super.send(data);
    }
  }
  const thread = await room(ann);
  const why: (string | undefined)[] = [];
  const reader = await again(ann, server.url, { webSocketImpl: Sticky, silenceMs: 5000 });
  const stream = reader.stream(ThreadEventsDocument, thread, { onStatus: (_, error) => why.push(error?.message) });
  await nextOf(stream, 'CaughtUp');
  // The heartbeats of the other one go on, and so the socket is not silent.
  await nextOf(reader.stream(ThreadEventsDocument, thread), 'CaughtUp');
  const { cursor } = stream;
  const message = nextOf(stream, 'MessagePosted');
  await eventually('a heartbeat', () => heartbeats > 0);
  [stuck] = asked;
  await send(ann, thread, 'heard at last');
  assert.equal((await message).message?.content, 'heard at last');
  assert.deepEqual(
    why.filter((text) => text !== undefined),
    ['The stream has fallen silent.'],
  );
  assert.notEqual(stream.cursor, cursor);
  assert.equal(asked.length, 3);
  reader.close();
});

test('a socket that is closed as if nothing were wrong is gone on from where it was, and not from the beginning', async () => {
  const sockets: WebSocket[] = [];
  class Kept extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const thread = await room(ann);
  const reader = await again(ann, server.url, { webSocketImpl: Kept });
  const stream = reader.stream(MessageAddedDocument, thread);
  await send(ann, thread, 'one');
  assert.deepEqual(await contents(stream, 1), ['one']);
  // The stock client comes back by itself after this code, and asks for everything once more.
  sockets.at(-1)?.close(1000, 'Normal Closure');
  await eventually('the socket to close', () => sockets[0]?.readyState === WebSocket.CLOSED);
  await send(ann, thread, 'two');
  assert.deepEqual(await contents(stream, 1), ['two']);
  assert.equal(sockets.length, 2);
  reader.close();
});

test('heartbeats stay within the client, and move the cursor', async () => {
  const thread = await room(ann);
  const reader = await again(ann, server.url);
  const stream = reader.stream(ThreadEventsDocument, { ...thread, kinds: ['MESSAGE_EDITED'] });
  await nextOf(stream, 'CaughtUp');
  const at = stream.cursor;
  const next = stream.next();
  await send(ann, thread, 'not of this kind');
  await eventually('a heartbeat', () => stream.cursor !== at);
  await stream.return();
  assert.deepEqual(await next, { done: true, value: undefined });
  reader.close();
});

test('whoever signs in has the streams go on as them', async () => {
  const visitor = client(server.url);
  const stream = visitor.stream(ChirpEventsDocument);
  await nextOf(stream, 'CaughtUp');
  const bob = await somebody(server.url);
  const name = unique();
  await visitor.signInAsGuest({ username: name });
  const message = unique();
  await bob.mutate(ChirpCreateDocument, { input: { message } });
  for (;;) {
    const { chirp } = await nextOf(stream, 'ChirpPosted');
    if (chirp?.message === message) break;
  }
  visitor.close();
});

test('signals come and go, and nobody is asked to make up for them', async () => {
  const [bob, thread] = [await somebody(server.url), await room(ann)];
  await bob.mutate(ThreadJoinDocument, { input: { id: thread.threadId } });
  const stream = ann.stream(ThreadSignalsDocument, thread);
  const typing = nextOf(stream, 'Typing');
  const stop = setInterval(() => void bob.mutate(TypingSignalDocument, { input: { threadId: thread.threadId } }), 100);
  const { user } = await typing;
  clearInterval(stop);
  assert.equal(typeof user.username, 'string');
  await stream.return();
});

test('a document that could not be gone on with is refused, rather than losing what it misses', async () => {
  const thread = await room(ann);
  const blind =
    'subscription ($threadId: ID!, $after: Cursor!) { messageAdded(threadId: $threadId, after: $after) { node { id } } }';
  const stream = ann.stream(blind as unknown as Operation<{ messageAdded: { node: { id: string } } }, Thread>, thread);
  await send(ann, thread, 'something');
  await assert.rejects(stream.next(), { code: 'INVALID' });
});

test('a client that is closed has no streams any more', async () => {
  const reader = client(server.url);
  reader.close();
  await assert.rejects(reader.stream(ChirpEventsDocument).next(), { code: 'CLOSED' });
});
