import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  InboxChangesDocument,
  LinnetError,
  MessageAddedDocument,
  MessageSendDocument,
  ThreadEventsDocument,
  ThreadJoinDocument,
  ThreadSignalsDocument,
  type Linnet,
  type StreamStatus,
} from '@linnet/client';

import { eventually } from './support/eventually.js';
import { client, listed, room, say, shout, somebody } from './support/people.js';
import { Proxy } from './support/proxy.js';
import { again, contents, nextOf, send } from './support/reading.js';
import { Server } from './support/server.js';

let server: Server;
let ann: Linnet;
before(async () => {
  server = await Server.start();
  ann = await somebody(server.url);
});
after(() => server.stop());

for (const way of ['websocket', 'sse'] as const) {
  describe(`by ${way}`, () => {
    test('a stream goes on where it was, with what was said while it was away', async () => {
      const [proxy, thread] = [await Proxy.to(server.port), await room(ann)];
      const reader = await again(ann, proxy.url, { streams: way });
      const stream = reader.stream(MessageAddedDocument, thread);
      await send(ann, thread, 'one');
      assert.deepEqual(await contents(stream, 1), ['one']);
      proxy.shut();
      await send(ann, thread, 'two');
      await send(ann, thread, 'three');
      const said = contents(stream, 2);
      proxy.open();
      assert.deepEqual(await said, ['two', 'three']);
      reader.close();
      await proxy.close();
    });

    test('what has arrived and was not read yet when the cut came is given once', async () => {
      const [proxy, thread] = [await Proxy.to(server.port), await room(ann)];
      const reader = await again(ann, proxy.url, { streams: way });
      const stream = reader.stream(ThreadEventsDocument, thread);
      await nextOf(stream, 'CaughtUp');
      await say(ann, thread.threadId, 20);
      proxy.cutAll();
      await say(ann, thread.threadId, 20);
      proxy.cutAll();
      const ids: (string | undefined)[] = [];
      while (ids.length < 40) ids.push((await nextOf(stream, 'MessagePosted')).message?.id);
      assert.deepEqual(ids, await listed(ann, thread.threadId));
      reader.close();
      await proxy.close();
    });

    test('a reader who is slow is given everything, and no more than the buffer waits for them', async () => {
      const thread = await room(ann);
      await shout(ann, thread.threadId, 200);
      const statuses: string[] = [];
      const reader = await again(ann, server.url, { streams: way });
      const stream = reader.stream(MessageAddedDocument, thread, {
        bufferSize: 10,
        onStatus: (status) => statuses.push(status),
      });
      const ids: string[] = [];
      for await (const edge of stream) {
        ids.push(edge.node.id);
        if (ids.length % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        if (ids.length === 200) break;
      }
      assert.deepEqual(ids, await listed(ann, thread.threadId));
      assert.ok(statuses.filter((status) => status === 'connecting').length >= 10, 'it was never let go');
      reader.close();
    });

    test('a connection that says nothing more is given up, and the stream goes on by another', async () => {
      const [proxy, thread] = [await Proxy.to(server.port), await room(ann)];
      const reader = await again(ann, proxy.url, { streams: way, silenceMs: 2500 });
      const stream = reader.stream(ThreadEventsDocument, thread);
      await nextOf(stream, 'CaughtUp');
      proxy.swallow();
      await send(ann, thread, 'heard');
      assert.equal((await nextOf(stream, 'MessagePosted')).message?.content, 'heard');
      assert.ok(proxy.taken > 1);
      reader.close();
      await proxy.close();
    });

    test('a server that is killed, or stopped, and comes back is gone on with', async () => {
      const other = await Server.start();
      const bob = await somebody(other.url, { streams: way });
      const thread = await room(bob);
      const stream = bob.stream(MessageAddedDocument, thread);
      await send(bob, thread, 'before');
      assert.deepEqual(await contents(stream, 1), ['before']);
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        await other.kill(signal);
        await other.launch();
        await send(bob, thread, `after ${signal}`);
        assert.deepEqual(await contents(stream, 1), [`after ${signal}`]);
      }
      bob.close();
      await other.stop();
    });

    test('a stream that is reset says so, and goes on from there', async () => {
      const other = await Server.start();
      const proxy = await Proxy.to(other.port);
      const bob = await somebody(other.url);
      const thread = await room(bob);
      const reader = client(proxy.url, { streams: way });
      const stream = reader.stream(ThreadEventsDocument, thread);
      await nextOf(stream, 'CaughtUp');
      proxy.shut();
      await send(bob, thread, 'lost from the log');
      // Beyond the retention of the log, and of the session.
      await other.advance(91 * 24 * 3600);
      await other.control('trim');
      const reset = nextOf(stream, 'StreamReset');
      proxy.open();
      assert.match((await reset).reason, /^TRIMMED/);
      assert.equal(stream.cursor, (await reset).cursor);
      const carl = await somebody(other.url);
      await carl.mutate(ThreadJoinDocument, { input: { id: thread.threadId } });
      await send(carl, thread, 'new');
      assert.equal((await nextOf(stream, 'MessagePosted')).message?.content, 'new');
      reader.close();
      await proxy.close();
      await other.stop();
    });

    test('signing out ends all streams, and leaves nothing behind', async () => {
      const bob = await somebody(server.url, { streams: way });
      const thread = await room(bob);
      let open = 0;
      const options = { onStatus: (status: StreamStatus) => void (open += status === 'open' ? 1 : 0) };
      const streams = [
        bob.stream(MessageAddedDocument, thread, options),
        bob.stream(InboxChangesDocument, {}, options),
        bob.stream(ThreadSignalsDocument, thread, options),
      ];
      const ends = streams.map(async (stream) => {
        for await (const frame of stream) void frame;
      });
      await eventually('all of them to be open', () => open === 3);
      const { accessToken } = (await bob.tokens()) ?? {};
      assert.equal(await bob.signOut(), true);
      await Promise.all(ends);
      assert.equal(await bob.tokens(), null);
      const asked = await fetch(server.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          authorization: `Bearer ${accessToken}`,
        },
        body: JSON.stringify({ query: '{ viewer { user { id } } }' }),
      });
      assert.equal(asked.status, 401, 'the session goes on');
    });

    test('a session that ends elsewhere ends the streams, and is told once', async () => {
      const ends: LinnetError[] = [];
      const bob = await somebody(server.url);
      const elsewhere = await again(bob, server.url, { streams: way, onSessionEnd: (why) => ends.push(why) });
      const streams = [elsewhere.stream(InboxChangesDocument), elsewhere.stream(InboxChangesDocument)];
      await Promise.all(streams.map((stream) => nextOf(stream, 'InboxCaughtUp')));
      const rejected = streams.map((stream) =>
        assert.rejects(nextOf(stream, 'InboxThread'), { name: 'LinnetError', code: 'UNAUTHENTICATED' }),
      );
      await bob.signOut();
      await Promise.all(rejected);
      assert.deepEqual(
        ends.map((why) => why.code),
        ['UNAUTHENTICATED'],
      );
      assert.equal(await elsewhere.tokens(), null);
    });

    test('a stream whose access token has run out by the time of a cut goes on with a new one', async () => {
      const other = await Server.start();
      const proxy = await Proxy.to(other.port);
      const bob = await somebody(other.url);
      const thread = await room(bob);
      const reader = await again(bob, proxy.url, { streams: way });
      const inbox = reader.stream(InboxChangesDocument);
      await nextOf(inbox, 'InboxCaughtUp');
      const before = await reader.tokens();
      await other.advance(16 * 60);
      proxy.cutAll();
      await reader.mutate(MessageSendDocument, { input: { threadId: thread.threadId, content: 'here' } });
      await nextOf(inbox, 'InboxThread');
      assert.notEqual((await reader.tokens())?.accessToken, before?.accessToken);
      reader.close();
      await proxy.close();
      await other.stop();
    });

    test('what does not pass is thrown: a thread that one may not read', async () => {
      const [bob, thread] = [await somebody(server.url, { streams: way }), 'thr_01h455vb4pex5vsknk084sn02q'];
      await assert.rejects(bob.stream(ThreadEventsDocument, { threadId: thread }).next(), {
        name: 'LinnetError',
        code: 'NOT_FOUND',
      });
      bob.close();
    });

    test('a signal aborts a stream that waits, and so does return', async () => {
      const thread = await room(ann);
      const reader = await again(ann, server.url, { streams: way });
      const stop = new AbortController();
      const aborted = reader.stream(MessageAddedDocument, thread, { signal: stop.signal });
      const left = reader.stream(MessageAddedDocument, thread);
      const [first, second] = [aborted.next(), left.next()];
      stop.abort();
      await assert.rejects(first, { code: 'ABORTED' });
      await left.return();
      assert.deepEqual(await second, { done: true, value: undefined });
      reader.close();
    });
  });
}
