import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import {
  MessageAddedDocument,
  ThreadDocument,
  ThreadEventsDocument,
  ViewerDocument,
  type Frame,
  type Linnet,
  type ThreadEventsSubscription,
} from '@linnet/client';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const KIB = 1024;

test('what is generated has no any', async () => {
  const text = await readFile(join(root, 'src/generated/operations.ts'), 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|`[^`]*`/g, '');
  assert.ok(code.includes('export type MessageFieldsFragment'));
  assert.doesNotMatch(code, /\bany\b/);
});

test('enums have a member for what they may grow by, and scalars have types', async () => {
  const text = await readFile(join(root, 'src/generated/operations.ts'), 'utf8');
  for (const [, name, body] of text.matchAll(/^export type (\w+) =\n((?:  .*\n)+)/gm)) {
    if (!/^  \| '/m.test(body ?? '')) continue;
    assert.match(body ?? '', /'%future added value';/, `${name} may not grow`);
  }
  assert.match(text, /metadata: JsonValue \| null, createdAt: DateTime,/);
});

type IsAny<T> = 0 extends 1 & T ? true : false;

test('what does not fit does not compile, and what comes is no any', () => {
  const isAny: IsAny<Frame<ThreadEventsSubscription>> = false;
  // Compiled, and not run.
  void (async (linnet: Linnet): Promise<void> => {
    // @ts-expect-error: it has to be said of which thread.
    linnet.stream(ThreadEventsDocument);
    // @ts-expect-error: it has to be said from where on.
    linnet.stream(MessageAddedDocument, { threadId: 'thr_' });
    // @ts-expect-error: an id is a text.
    await linnet.query(ThreadDocument, { id: 7 });
    for await (const frame of linnet.stream(ThreadEventsDocument, { threadId: 'thr_' })) {
      // @ts-expect-error: heartbeats stay within the client.
      if (frame.__typename === 'Heartbeat') return;
      // @ts-expect-error: not every frame has a message.
      frame.message;
    }
    const { viewer } = await linnet.query(ViewerDocument);
    // @ts-expect-error: nobody may be signed in.
    viewer.user;
    const count: number | undefined = viewer?.unreadThreadCount;
    void count;
  });
  assert.equal(isAny, false);
});

test('the client is under 15 KB gzipped, and what nobody uses of the documents is dropped', async () => {
  const bundled = await build({
    stdin: {
      contents: "export { createLinnet, memoryStorage, webStorage, newClientKey, LinnetError } from '@linnet/client';",
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
  });
  const [output] = Object.values(bundled.metafile.outputs);
  const documents =
    Object.entries(output?.inputs ?? {}).find(([path]) => path.endsWith('generated/operations.js'))?.[1]
      .bytesInOutput ?? 0;
  const size = gzipSync(bundled.outputFiles[0]?.contents ?? '').length;
  console.log(`${size} bytes gzipped with the ${documents} bytes of documents that it uses itself`);
  assert.ok(size < 15 * KIB, `${size} bytes`);
  assert.ok(documents < 12 * KIB, `${documents} bytes of documents`);
});
