// What a page does with the client: bundled by browser.test.ts, and run in Chromium.

import {
  createLinnet,
  LobbyDocument,
  MessageAddedDocument,
  ThreadDocument,
  ThreadJoinDocument,
  ViewerDocument,
  webStorage,
  type Linnet,
  type Way,
} from '@linnet/client';

/** How many messages each way of streaming is to bring. */
const MESSAGES = 200;

/** What came of it. */
export interface Outcome {
  readonly sent: readonly string[];
  readonly byWay: Readonly<Record<string, readonly string[]>>;
  readonly refreshes: number;
  readonly signedIn: boolean;
}

const { proxied, direct, control } = Object.fromEntries(new URLSearchParams(location.search)) as Record<string, string>;
let refreshes = 0;

function tab(url: string | undefined, streams: Way): Linnet {
  const counting: typeof fetch = (input, init) => {
    if (String(init?.body).includes('mutation SessionRefresh')) refreshes += 1;
    return fetch(input, init);
  };
  const pace = { firstMs: 20, mostMs: 200 };
  return createLinnet({ url: url ?? '', streams, pace, fetch: counting, storage: webStorage(localStorage) });
}

async function read(linnet: Linnet, threadId: string, after: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { node } of linnet.stream(MessageAddedDocument, { threadId, after }, { bufferSize: 20 })) {
    ids.push(node.id);
    if (ids.length === MESSAGES) break;
  }
  return ids;
}

async function run(): Promise<Outcome> {
  const here = tab(direct, 'auto');
  await here.signInAsGuest({ username: `page-${Date.now()}` });
  const { lobby } = await here.query(LobbyDocument);
  if (!lobby) throw new Error('there is no lobby');
  await here.mutate(ThreadJoinDocument, { input: { id: lobby.id } });
  const { thread } = await here.query(ThreadDocument, { id: lobby.id, last: 1 });
  if (!thread) throw new Error('the lobby is not to be read');
  const ways = ['websocket', 'sse'] as const;
  const reads = ways.map(async (way) => [way, await read(tab(proxied, way), lobby.id, thread.eventCursor)] as const);
  const sent: string[] = [];
  while (sent.length < MESSAGES) sent.push((await here.messageSend({ threadId: lobby.id, content: 'hi' })).message.id);
  const byWay = Object.fromEntries(await Promise.all(reads));
  // Many tabs wake up with a token that has run out.
  await fetch(`${control}/move-the-clock`, { method: 'POST' });
  const tabs = Array.from({ length: 10 }, () => tab(direct, 'auto'));
  const answers = await Promise.all(tabs.map((one) => one.query(ViewerDocument)));
  return { sent, byWay, refreshes, signedIn: answers.every(({ viewer }) => viewer !== null) };
}

run()
  .catch((error: unknown) => ({ error: String(error) }))
  .then((outcome) => fetch(`${control}/outcome`, { method: 'POST', body: JSON.stringify(outcome) }));
