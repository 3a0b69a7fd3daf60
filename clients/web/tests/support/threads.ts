// Threads that were there before anybody looked.

import { ThreadCreateDocument, type Linnet, type ThreadCreateInput } from '@linnet/client';

import { done, type Account } from './person.js';

export async function thread({ linnet }: Account, input: ThreadCreateInput): Promise<string> {
  const { thread } = done((await linnet.mutate(ThreadCreateDocument, { input })).threadCreate);
  if (!thread) throw new Error('There is no thread.');
  return thread.id;
}

export async function direct(one: Account, other: Account): Promise<string> {
  return await thread(one, { direct: { userId: other.user.id } });
}

/** Says so many things, one after the other: "message 1" and so on. */
export async function say(linnet: Linnet, threadId: string, count: number, first = 1): Promise<void> {
  const TOGETHER = 10;
  for (let next = first; next < first + count; next += TOGETHER) {
    const numbers = Array.from({ length: Math.min(TOGETHER, first + count - next) }, (_, place) => next + place);
    const variables = numbers.map((number) => `$i${number}: MessageSendInput!`).join(', ');
    // Mutations of one document are done one after the other.
    const sends = numbers
      .map((number) => `m${number}: messageSend(input: $i${number}) { errors { message } }`)
      .join(' ');
    const inputs = numbers.map((number) => [`i${number}`, { threadId, content: `message ${number}` }]);
    await linnet.mutate(`mutation Say(${variables}) { ${sends} }`, Object.fromEntries(inputs));
  }
}

export function numbered(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, place) => `message ${first + place}`);
}
