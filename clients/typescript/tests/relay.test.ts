// The recipe for Relay: compiled, type-checked, and run.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Linnet } from '@linnet/client';
import { build } from 'esbuild';
import type { ConcreteRequest, IEnvironment } from 'relay-runtime';
import type * as Runtime from 'relay-runtime';

import { eventually } from './support/eventually.js';
import { room, somebody } from './support/people.js';
import { Server } from './support/server.js';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const relay = join(root, 'relay');

let server: Server;
before(async () => {
  server = await Server.start();
  await rm(join(relay, 'src/__generated__'), { recursive: true, force: true });
});
after(() => server.stop());

async function succeeds(program: string, ...parameters: string[]): Promise<void> {
  await run(process.execPath, [join(root, 'node_modules', program), ...parameters], { cwd: relay }).catch(
    (failure: { stdout: string; stderr: string }) => assert.fail(`${failure.stdout}\n${failure.stderr}`),
  );
}

test('the Relay compiler accepts the schema, and a recipe of a pagination that is refetched and of a mutation', async () => {
  await succeeds('relay-compiler/cli.js', 'relay.config.json');
  await succeeds('typescript/bin/tsc', '-p', '.');
});

/** What is made of the recipe. */
interface Recipe {
  readonly runtime: Pick<typeof Runtime, 'commitMutation' | 'fetchQuery' | 'requestSubscription'>;
  readonly createEnvironment: (linnet: Linnet) => IEnvironment;
  readonly pagination: ConcreteRequest;
  readonly sending: ConcreteRequest;
  readonly added: ConcreteRequest;
}

test('Relay pages, sends and subscribes by the client', async () => {
  const made = (name: string): string => `./src/__generated__/${name}.graphql.ts`;
  const contents = `
    export { commitMutation, fetchQuery, requestSubscription } from 'relay-runtime';
    export { createEnvironment } from './src/environment.ts';
    export { default as pagination } from '${made('MessagesPaginationQuery')}';
    export { default as sending } from '${made('MessagesSendMutation')}';
    export { default as added } from '${made('MessagesAddedSubscription')}';`;
  const outfile = join(root, '.tests/relay.mjs');
  await build({
    stdin: { contents, resolveDir: relay },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    outfile,
  });
  const recipe = (await import(pathToFileURL(outfile).href)) as Recipe & Recipe['runtime'];
  const { commitMutation, fetchQuery, requestSubscription } = recipe;

  const ann = await somebody(server.url);
  const { threadId, after: cursor } = await room(ann);
  const environment = recipe.createEnvironment(ann);
  const seen: unknown[] = [];
  const variables = { threadId, after: cursor, connections: [] };
  const subscription = requestSubscription(environment, {
    subscription: recipe.added,
    variables,
    onNext: (frame) =>
      void seen.push((frame as { messageAdded: { node: { content: string } } }).messageAdded.node.content),
  });
  const input = { threadId, content: 'by Relay' };
  const sent = await new Promise<{ messageSend: { message: { id: string } } }>((resolve, reject) => {
    const onCompleted = (answer: unknown): void => resolve(answer as { messageSend: { message: { id: string } } });
    commitMutation(environment, { mutation: recipe.sending, variables: { input }, onCompleted, onError: reject });
  });
  await eventually('the message to come by the subscription', () => seen.length > 0);
  subscription.dispose();
  assert.deepEqual(seen, ['by Relay']);
  await fetchQuery(environment, recipe.pagination, { id: threadId, count: 10 }).toPromise();
  assert.equal(environment.getStore().getSource().get(sent.messageSend.message.id)?.content, 'by Relay');
  ann.close();
});
