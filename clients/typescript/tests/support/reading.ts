// Reading streams, and saying what is to come by them.

import { memoryStorage, MessageSendDocument, type Linnet, type Stream } from '@linnet/client';

import { client } from './people.js';

export interface Thread {
  threadId: string;
  after: string;
}

/** Another client of the same account, elsewhere. */
export async function again(linnet: Linnet, url: string, options: Parameters<typeof client>[1] = {}): Promise<Linnet> {
  return client(url, { storage: memoryStorage(await linnet.tokens()), ...options });
}

/** The frame that comes next, if it is one of a kind; others are passed over. */
export async function nextOf<F extends { __typename: string }, N extends F['__typename']>(
  stream: Stream<F>,
  kind: N,
): Promise<Extract<F, { __typename: N }>> {
  for (;;) {
    const { value, done } = await stream.next();
    if (done) throw new Error(`the stream ended before a ${kind} came`);
    if (value.__typename === kind) return value as Extract<F, { __typename: N }>;
  }
}

/** What the next messages say. */
export async function contents(
  stream: Stream<{ node: { content: string | null } }>,
  count: number,
): Promise<(string | null)[]> {
  const said: (string | null)[] = [];
  while (said.length < count) {
    const { value, done } = await stream.next();
    if (done) break;
    said.push(value.node.content);
  }
  return said;
}

export async function send(linnet: Linnet, { threadId }: Thread, content: string): Promise<void> {
  await linnet.mutate(MessageSendDocument, { input: { threadId, content } });
}
