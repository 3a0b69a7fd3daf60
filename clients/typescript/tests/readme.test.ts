// What the README says is compiled, and run where it is a program.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { eventually } from './support/eventually.js';
import { Server } from './support/server.js';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const place = join(root, '.tests/readme');

let server: Server;
before(async () => {
  server = await Server.start();
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  await rm(place, { recursive: true, force: true });
  await mkdir(join(place, 'src'), { recursive: true });
  for (const [, language, name, code] of readme.matchAll(/```(ts|js)\n\/\/ (\S+)\n([\s\S]*?)```/g)) {
    const text = (code ?? '')
      .replace('http://127.0.0.1:8080/graphql', server.url)
      // Where the package lies for who works on it.
      .replaceAll('node_modules/@linnet/client/', `${root}/`);
    await writeFile(join(place, language === 'ts' ? 'src' : '.', name ?? ''), text);
  }
  const settings = {
    extends: '../../tsconfig.json',
    compilerOptions: { rootDir: 'src', outDir: 'dist', declaration: false, noUnusedLocals: false, skipLibCheck: true },
    include: ['src'],
  };
  await writeFile(join(place, 'tsconfig.json'), JSON.stringify(settings));
});
after(() => server.stop());

test('every example of the README compiles, as strictly as the client does', async () => {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', place]).catch(
    (failure: { stdout: string }) => {
      assert.fail(failure.stdout);
    },
  );
});

test('the README takes a newcomer to a typed subscription', async () => {
  const program = spawn(process.execPath, [join(place, 'dist/start.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  program.stdout.on('data', (text: Buffer) => (said += text.toString()));
  await eventually('the message to come by the stream', () => /^wren-(\d+) Hello, I am wren-\1\.$/m.test(said));
  program.kill();
});

test("the settings for a project's own operations make them without any", async () => {
  const operation =
    "import { graphql } from './graphql/gql.js';\nexport const Own = graphql(`query Own($id: ID!) { thread(id: $id) { kind viewerState { ...ViewerStateFields } } }`);\n";
  await writeFile(join(place, 'src/own.ts'), operation);
  await run(
    process.execPath,
    [join(root, 'node_modules/@graphql-codegen/cli/esm/bin.js'), '--config', join(place, 'codegen.config.js')],
    { cwd: place },
  );
  const text = await readFile(join(place, 'src/graphql/graphql.ts'), 'utf8');
  assert.match(text, /export type OwnQuery = /);
  assert.doesNotMatch(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|`[^`]*`/g, ''), /\bany\b/);
});
