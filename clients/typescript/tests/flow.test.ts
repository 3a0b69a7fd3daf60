// The promise that all else is for: whatever happens to connections, an application is given each frame once, and in order.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { memoryStorage, ThreadEventsDocument, type Linnet, type LinnetOptions } from '@linnet/client';

import { client, listed, room, shout, somebody } from './support/people.js';
import { Proxy } from './support/proxy.js';
import { Server } from './support/server.js';

const MESSAGES = 5000;
const CUTS = 100;

/** Some cuts come in the middle of a handshake, most in the middle of a frame. */
const anywhere = (): number => 1 + Math.floor(Math.random() * (Math.random() < 0.1 ? 400 : 40_000));

let server: Server;
let sender: Linnet;
before(async () => {
  server = await Server.start();
  sender = await somebody(server.url);
});
after(() => server.stop());

/** Reads until so many messages were given, slowly now and then, with connections that are cut off so many times meanwhile. */
async function read(
  threadId: string,
  after: string,
  options: Partial<LinnetOptions>,
): Promise<{ ids: string[]; cuts: number }> {
  const proxy = await Proxy.to(server.port);
  let planned = 0;
  proxy.nextCut = () => (planned < CUTS && planned++ < CUTS ? anywhere() : undefined);
  const reader = client(proxy.url, { storage: memoryStorage(await sender.tokens()), ...options });
  const ids: string[] = [];
  let cuts = 0;
  for await (const frame of reader.stream(
    ThreadEventsDocument,
    { threadId, after, kinds: ['MESSAGE_POSTED'] },
    { bufferSize: 50 },
  )) {
    if (frame.__typename !== 'MessagePosted') continue;
    if (ids.length < MESSAGES - 1) cuts = proxy.cuts;
    ids.push(frame.message?.id ?? 'nothing');
    if (Math.random() < 0.02) await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    if (ids.length >= MESSAGES) break;
  }
  reader.close();
  await proxy.close();
  return { ids, cuts };
}

describe('the typed client, cut off 100 times by a proxy while 5,000 messages flow,', { concurrency: true }, () => {
  let thread: Awaited<ReturnType<typeof room>>;
  let all: Promise<string[]>;
  before(async () => {
    thread = await room(sender);
    all = shout(sender, thread.threadId, MESSAGES).then(() => listed(sender, thread.threadId));
    all.catch(() => {});
  });

  for (const [way, options] of [
    ['a WebSocket', { streams: 'websocket' }],
    ['server-sent events', { streams: 'sse' }],
  ] as const) {
    test(`gives each to the application once, in order, over ${way}`, { timeout: 240_000 }, async () => {
      const { ids, cuts } = await read(thread.threadId, thread.after, options);
      assert.equal(cuts, CUTS, 'not all of the cuts came before the last message');
      assert.deepEqual(ids, await all);
      assert.equal(ids.length, MESSAGES);
    });
  }
});
