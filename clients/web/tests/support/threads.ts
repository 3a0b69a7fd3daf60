// Threads that were there before anybody looked.

import {
  ThreadCreateDocument,
  ThreadDocument,
  type Cursor,
  type Linnet,
  type ThreadCreateInput,
  type ThreadQuery,
} from '@linnet/client';

import { done, type Account } from './person.js';

export async function thread({ linnet }: Account, input: ThreadCreateInput): Promise<string> {
  const { thread } = done((await linnet.mutate(ThreadCreateDocument, { input })).threadCreate);
  if (!thread) throw new Error('There is no thread.');
  return thread.id;
}

export async function direct(one: Account, other: Account): Promise<string> {
  return await thread(one, { direct: { userId: other.user.id } });
}

/** What a document may change at once. */
const TOGETHER = 10;

/** Says so many things in one breath, in whatever order they come: "message 001" and so on. */
export async function say(linnet: Linnet, threadId: string, count: number, first = 1): Promise<void> {
  const contents = numbered(first, first + count - 1);
  const breaths = Array.from({ length: Math.ceil(count / TOGETHER) }, (_, breath) =>
    contents.slice(breath * TOGETHER, (breath + 1) * TOGETHER),
  );
  await Promise.all(breaths.map((some) => sayTogether(linnet, threadId, some)));
}

async function sayTogether(linnet: Linnet, threadId: string, contents: readonly string[]): Promise<void> {
  const variables = contents.map((_, place) => `$i${place}: MessageSendInput!`).join(', ');
  const sends = contents.map((_, place) => `m${place}: messageSend(input: $i${place}) { message { id } }`).join(' ');
  const inputs = contents.map((content, place) => [`i${place}`, { threadId, content }]);
  await linnet.mutate(`mutation Say(${variables}) { ${sends} }`, Object.fromEntries(inputs));
}

export function numbered(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, place) => `message ${String(first + place).padStart(3, '0')}`);
}

/** What all messages of a thread say, in their order, and the place of the last. */
export async function said(linnet: Linnet, threadId: string): Promise<{ contents: string[]; last: Cursor }> {
  const contents: string[] = [];
  for (let after: Cursor | null = null; ;) {
    const answer: ThreadQuery = await linnet.query(ThreadDocument, { id: threadId, first: 100, after });
    if (!answer.thread) throw new Error('There is no thread.');
    const { edges, pageInfo } = answer.thread.messages;
    contents.push(...edges.map(({ node }) => node.content ?? ''));
    after = pageInfo.endCursor ?? after;
    if (!pageInfo.hasNextPage) return { contents, last: after ?? '' };
  }
}
