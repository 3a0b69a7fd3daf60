// Somebody who has nothing but docs/start.md, and does what it says: `LINNET_BIN=… node newcomer.mjs`.
//
// They start in a temporary folder with a clone's files, in which nothing is built or installed. What stands in: the built binary for
// `cargo run --release`, a free port for 8080, and npm's cache for what was downloaded before. Fails if the typed subscription did not get the
// message, if it was not typed, or if all of it took more than five minutes. The last line is "N passed, N failed".

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Reading } from './reading.mjs';

const FIVE_MINUTES = 300;
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const binary = process.env.LINNET_BIN;
if (!binary) {
  console.error('LINNET_BIN names no server');
  process.exit(1);
}

const begun = Date.now();
const reading = await Reading.of(`${root}/docs/start.md`, { root, binary: resolve(binary) });
process.once('SIGTERM', async () => {
  await reading.end();
  process.exit(1);
});
try {
  await reading.read();
  const seconds = Math.round((Date.now() - begun) / 1000);
  const said = reading.printed();
  if (!/^(wren-\d+) is listening\.\n\1 says: Hello, everybody!\n$/.test(said)) throw new Error(`the program said: ${said}`);
  if (seconds > FIVE_MINUTES) throw new Error(`it took ${seconds} seconds`);
  await checkTypes();
  console.log(`ok - from nothing to a typed subscription in ${seconds} seconds`);
  console.log('1 passed, 0 failed');
} catch (error) {
  console.log(`not ok - ${error.message}\n0 passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await reading.end();
}

/** A field that a frame does not have is an error of the compiler: the page says so, too. */
async function checkTypes() {
  const program = join(reading.shell.folder, 'hello.ts');
  const text = readFileSync(program, 'utf8');
  const misspelt = text.replace('message?.content}', 'message?.contnt}');
  if (misspelt === text) throw new Error('the program does not say what came');
  writeFileSync(program, misspelt);
  const compiled = await reading.shell.run('npx tsc --strict --noEmit --target es2022 --module nodenext --types node hello.ts || true');
  if (!compiled.includes("Property 'contnt' does not exist")) throw new Error(`nobody minds a field that is not there: ${compiled}`);
}
