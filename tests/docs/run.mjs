// Reads pages of the documentation, and does what they say: `LINNET_BIN=… node run.mjs [PAGE…]`.
//
// Each page is read from top to bottom as somebody would who has a terminal, a fresh server and GraphiQL; docs/README.md tells them how.
// A block's language says how it is run, and the words behind it, which are not shown, say what its page says in prose:
//
//   sh           typed into one shell, in a clone of the repository. `serves`, `streams`: in a terminal of its own, where it goes on.
//                `stands-in=FOLDER`: for `npm install`, since the packages of that folder are of the same versions.
//   graphql      sent, each operation, as whoever signed in last; `as=ann`, `as=nobody`, `as=lnk_` (the key): as somebody else.
//   json         the answer of what came before. `frame`: the next frames of the subscription. `variables`: those of the operation before.
//                `file=NAME`: a file.
//   text         what was printed. `socket`: what goes over a socket of its own, `→` and `←`.
//   ts, js, toml a file, whose name is in its first line. TypeScript is checked; `linnet.toml` restarts the server.
//
// What has no answer behind it must be answered without errors. `not-run=reason` is for what can't be run here, and says why; a block that
// nobody knows how to run is an error. The last line is "N passed, N failed".

import { readdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { wrongLimits } from './limits.mjs';
import { brokenLinks } from './links.mjs';
import { Reading } from './reading.mjs';
import { typecheck } from './typescript.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const binary = process.env.LINNET_BIN;
if (!binary) {
  console.error('LINNET_BIN names no server');
  process.exit(1);
}

/** The start is read by newcomer.mjs. */
const everything = [
  'README.md',
  ...readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md') && name !== 'start.md')
    .map((name) => `docs/${name}`),
];
const given = process.argv.slice(2).map((page) => relative(root, resolve(page)));
const pages = given.length > 0 ? given : everything;

let failed = 0;
const open = new Set();
process.once('SIGTERM', async () => {
  await Promise.all([...open].map((reading) => reading.end()));
  process.exit(1);
});

async function read(page) {
  const begun = Date.now();
  const reading = await Reading.of(`${root}/${page}`, { root, binary: resolve(binary), typecheck });
  open.add(reading);
  try {
    await reading.read();
    const left = [...reading.notRun].map(([why, count]) => `, ${count} not run (${why})`).join('');
    console.log(`ok - ${page}: ${reading.ran} blocks in ${Math.round((Date.now() - begun) / 1000)} s${left}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${error.message}`);
  } finally {
    open.delete(reading);
    await reading.end();
  }
}

for (const page of pages) await read(page);

for (const found of [brokenLinks(root), wrongLimits(root)]) {
  found.forEach((one) => console.log(`not ok - ${one}`));
  failed += Number(found.length > 0);
}
console.log(`${pages.length + 2 - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
