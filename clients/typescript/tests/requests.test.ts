import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  AttachmentUploadCreateDocument,
  LinnetError,
  MessageEditDocument,
  newClientKey,
  ThreadDocument,
  ViewerDocument,
  type Linnet,
  type MessageFieldsFragment,
  type Operation,
} from '@linnet/client';
import { parse } from 'graphql';

import { client, listed, room, somebody } from './support/people.js';
import { Proxy } from './support/proxy.js';
import { Server } from './support/server.js';

let server: Server;
let ann: Linnet;
before(async () => {
  server = await Server.start();
  ann = await somebody(server.url);
});
after(() => server.stop());

const isSend = (request: string): boolean => request.includes('mutation MessageSend');

test('a send whose answer is lost is one message', async () => {
  const proxy = await Proxy.to(server.port);
  const bob = await somebody(proxy.url);
  const { threadId } = await room(bob);
  proxy.loseAnswerTo(isSend);
  const sent = await bob.messageSend({ threadId, content: 'once' });
  assert.equal(sent.message.content, 'once');
  assert.equal(proxy.cuts, 1);
  assert.deepEqual(await listed(ann, threadId), [sent.message.id]);
  await proxy.close();
});

test('a send waits for a server that is away, up to a time', async () => {
  const proxy = await Proxy.to(server.port);
  const bob = await somebody(proxy.url);
  const { threadId } = await room(bob);
  proxy.shut();
  await assert.rejects(bob.messageSend({ threadId, content: 'never' }, { giveUpAfterMs: 300 }), {
    code: 'NETWORK',
    isTransient: true,
  });
  const sent = bob.messageSend({ threadId, content: 'later' });
  proxy.open();
  const { message } = await sent;
  assert.deepEqual(await listed(ann, threadId), [message.id]);
  await proxy.close();
});

test('a send of the same key is the same message, and its key comes back with it', async () => {
  const { threadId } = await room(ann);
  const input = { threadId, content: 'hello', clientKey: newClientKey() };
  const [one, two] = await Promise.all([ann.messageSend(input), ann.messageSend(input)]);
  assert.equal(one.message.id, two.message.id);
  assert.equal(one.message.clientKey, input.clientKey);
});

test('a send that is refused is not tried again, and says why', async () => {
  const { threadId } = await room(ann);
  await assert.rejects(ann.messageSend({ threadId, content: ' ' }), { name: 'LinnetError', code: 'BLANK' });
});

test('a send that is aborted waits no longer', async () => {
  const bob = await somebody(server.url);
  const { threadId } = await room(bob);
  const away = await Proxy.to(server.port);
  away.shut();
  const lost = client(away.url);
  const stop = new AbortController();
  const sent = lost.messageSend({ threadId, content: 'no' }, { signal: stop.signal });
  stop.abort();
  await assert.rejects(sent, { code: 'ABORTED' });
  await away.close();
});

test('a change that is not said to be repeatable is not sent twice', async () => {
  const proxy = await Proxy.to(server.port);
  const bob = await somebody(proxy.url);
  const { threadId } = await room(bob);
  const { message } = await bob.messageSend({ threadId, content: 'first' });
  proxy.loseAnswerTo((request) => request.includes('mutation MessageEdit'));
  const variables = { input: { id: message.id, content: 'second', expectedVersion: 1 } };
  await assert.rejects(bob.mutate(MessageEditDocument, variables), { code: 'NETWORK' });
  const { messageEdit } = await bob.mutate(MessageEditDocument, variables);
  assert.deepEqual(
    messageEdit.errors.map((error) => error.code),
    ['CONFLICT'],
    'it was done, once',
  );
  await proxy.close();
});

test('a query whose answer is lost is asked again', async () => {
  const proxy = await Proxy.to(server.port);
  const bob = await somebody(proxy.url);
  proxy.loseAnswerTo((request) => request.includes('query Viewer'));
  assert.notEqual((await bob.query(ViewerDocument)).viewer, null);
  await proxy.close();
});

test('an error has the code, the time to come again and the name by which the log knows it', async () => {
  const limited = await Server.start({ LINNET_RATE_LIMITS: 'on', LINNET_CREDENTIALS_PER_MINUTE: '1' });
  const visitor = client(limited.url);
  const wrong = async (): Promise<LinnetError> => {
    const error: unknown = await visitor
      .signIn({ login: 'nobody', password: 'not this one' })
      .catch((cause: unknown) => cause);
    return error as LinnetError;
  };
  let error = await wrong();
  for (let attempt = 0; error.code === 'WRONG_CREDENTIALS' && attempt < 20; attempt += 1) error = await wrong();
  assert.ok(error instanceof LinnetError);
  assert.equal(error.code, 'RATE_LIMITED');
  assert.ok(error.isTransient);
  assert.ok((error.retryAfterMs ?? 0) > 0);
  assert.match(error.requestId ?? '', /^req_/);
  await limited.stop();
});

test('what answers in the place of the server is told from it', async () => {
  for (const [status, code] of [
    [502, 'UNAVAILABLE'],
    [200, 'PROTOCOL'],
    [404, 'PROTOCOL'],
    [429, 'RATE_LIMITED'],
  ] as const) {
    const gateway = createServer((_, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Hello</h1>'),
    );
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const visitor = client(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}/graphql`);
    await assert.rejects(visitor.query(ViewerDocument), { name: 'LinnetError', code });
    gateway.close();
  }
});

test('an answer that does not come in time is not waited for', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const visitor = client(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/graphql`, { timeoutMs: 100 });
  await assert.rejects(visitor.query(ViewerDocument), { code: 'TIMEOUT' });
  silent.closeAllConnections();
  silent.close();
});

test('a value that an enum has grown by is handed over as it is, and the types expect it', async () => {
  // As a newer server would answer: one that has statuses of which this client has never heard.
  const newer: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    return new Response((await answer.text()).replaceAll('"status":"SENT"', '"status":"TELEPATHIC"'), answer);
  };
  const bob = await somebody(server.url, { fetch: newer });
  const { threadId } = await room(bob);
  const { message } = await bob.messageSend({ threadId, content: 'hm' });
  assert.equal(shown(message), 'TELEPATHIC?');
});

/** What an application makes of a status: without the last line this does not compile. */
function shown({ status }: MessageFieldsFragment): string {
  switch (status) {
    case 'SENT':
      return '✓';
    case 'DELIVERED':
      return '✓✓';
    case 'READ':
      return 'read';
    default:
      return `${status}?`;
  }
}

test('a document that was parsed is as good as its text', async () => {
  const thread = await room(ann);
  const parsed = parse(ThreadDocument.toString()) as unknown as typeof ThreadDocument;
  assert.equal((await ann.query(parsed, { id: thread.threadId, last: 1 })).thread?.id, thread.threadId);
  const own = parse('query ($id: ID!) { thread(id: $id) { kind } }') as Operation<
    { thread: { kind: string } },
    { id: string }
  >;
  assert.deepEqual(await ann.query(own, { id: thread.threadId }), { thread: { kind: 'ROOM' } });
});

test('a picture that is put where the server says comes back with its message, and its thumbnail', async () => {
  const pixel = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPY6qEFAALdASiOD6lXAAAAAElFTkSuQmCC',
    'base64',
  );
  const input = { name: 'pixel.png', type: 'image/png', size: pixel.length };
  const { attachmentUploadCreate } = await ann.mutate(AttachmentUploadCreateDocument, { input });
  const { upload } = attachmentUploadCreate;
  assert.ok(upload);
  const put = await fetch(new URL(upload.url, server.url), { method: upload.method, body: pixel });
  assert.equal(put.status, 200, await put.text());
  const { threadId } = await room(ann);
  const { message } = await ann.messageSend({ threadId, content: 'Look', attachments: [{ uploadId: upload.id }] });
  const [attachment] = message.attachments;
  assert.deepEqual([attachment?.width, attachment?.height], [1, 1]);
  assert.equal((await fetch(new URL(attachment?.thumbnailUrl ?? '', server.url))).status, 200);
  assert.equal(message.assistantAnswer, null, 'it asks the assistant nothing');
});
