// Checks files of TypeScript as strictly as it goes.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const packages = fileURLToPath(new URL('node_modules', import.meta.url));
const STRICT = [
  ...['--strict', '--noEmit', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noImplicitReturns'],
  ...['--target', 'es2023', '--module', 'nodenext', '--lib', 'es2023,dom,dom.iterable'],
  ...['--typeRoots', `${packages}/@types`, '--types', 'node'],
];

/** Throws with what the compiler says. */
export async function typecheck(files) {
  const run = promisify(execFile)(`${packages}/.bin/tsc`, [...STRICT, ...files]);
  await run.catch(({ stdout }) => {
    throw new Error(`TypeScript says:\n${stdout}`);
  });
}
