// Who takes part in a test: accounts of their own, a room, and what is said in it.

import {
  createLinnet,
  MessageSendDocument,
  ThreadCreateDocument,
  type Linnet,
  type LinnetOptions,
} from '@linnet/client';
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';

/** What a test does not wait long for. */
export const QUICK = { firstMs: 20, mostMs: 200 };

/** A client by sockets, which comes back quickly. */
export function client(url: string, options: Partial<LinnetOptions> = {}): Linnet {
  return createLinnet({ url, webSocketImpl: WebSocket, pace: QUICK, ...options });
}

export function unique(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/** Somebody who has just signed up. */
export async function somebody(url: string, options: Partial<LinnetOptions> = {}): Promise<Linnet> {
  const linnet = client(url, options);
  const username = unique();
  await linnet.signUp({ username, email: `${username}@example.org`, password: `secret of ${username}` });
  return linnet;
}

/** A room of theirs, and where its log stands. */
export async function room(linnet: Linnet): Promise<{ threadId: string; after: string }> {
  const { threadCreate } = await linnet.mutate(ThreadCreateDocument, { input: { room: { title: unique() } } });
  if (!threadCreate.thread) throw new Error(JSON.stringify(threadCreate.errors));
  return { threadId: threadCreate.thread.id, after: threadCreate.thread.eventCursor };
}

/** Says so many things, and waits until all are said. */
export async function say(linnet: Linnet, threadId: string, count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    const input = { threadId, content: `message ${number}` };
    const { messageSend } = await linnet.mutate(MessageSendDocument, { input });
    if (!messageSend.message) throw new Error(JSON.stringify(messageSend.errors));
  }
}

/** Messages of one request. */
const TOGETHER = 10;

/** The same by many who speak at once, ten things in a breath, since a test waits for it. */
export async function shout(linnet: Linnet, threadId: string, count: number): Promise<void> {
  const places = Array.from({ length: TOGETHER }, (_, place) => place);
  const variables = places.map((place) => `$i${place}: MessageSendInput!`).join(', ');
  const sends = places.map((place) => `m${place}: messageSend(input: $i${place}) { message { id } }`).join(' ');
  let next = 0;
  const speak = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next += TOGETHER;
      const inputs = places.map((place) => [`i${place}`, { threadId, content: `message ${first + place}` }]);
      await linnet.mutate(`mutation Shout(${variables}) { ${sends} }`, Object.fromEntries(inputs));
    }
  };
  await Promise.all(Array.from({ length: 16 }, speak));
}

interface Page {
  thread: {
    messages: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  } | null;
}

const PAGE = `query Page($id: ID!, $after: Cursor) {
  thread(id: $id) { messages(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
}`;

/** The ids of all messages of a thread, as its pages have them. */
export async function listed(linnet: Linnet, threadId: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ;) {
    const { thread }: Page = await linnet.query<Page, object>(PAGE, { id: threadId, after });
    if (!thread) throw new Error('there is no such thread');
    ids.push(...thread.messages.nodes.map((node) => node.id));
    if (!thread.messages.pageInfo.hasNextPage) return ids;
    after = thread.messages.pageInfo.endCursor;
  }
}
