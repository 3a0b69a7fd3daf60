// What `schema.graphql` promises to those who generate clients from it: `node schema.mjs [SCHEMA]`.
//
// Nothing that would break a client has changed since the last release (`schema.released.graphql`), unless the change log says so under
// "### Breaking", with the change's path: `Query.rooms`. And it keeps the rules of graphql-eslint for schemas and for Relay, but for
// the exceptions below. The last line is "N passed, 0 failed" and the exit code 0, or else 1.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import plugin from '@graphql-eslint/eslint-plugin';
import { diff } from '@graphql-inspector/core';
import { ESLint } from 'eslint';
import { buildSchema } from 'graphql';

const root = fileURLToPath(new URL('../../', import.meta.url));
const path = process.argv[2] ?? `${root}schema.graphql`;
const text = readFileSync(path, 'utf8');

// Rules that are not kept, and why.
const rules = {
  ...plugin.configs['flat/schema-recommended'].rules,
  ...plugin.configs['flat/schema-relay'].rules,
  // Payloads, connections, frames and counts are nothing that could be asked for again.
  '@graphql-eslint/strict-id-in-types': 'off',
  // What is of one account alone (wallets, devices, the audit log) hangs off `viewer`, and is not there for `node`. Beside edges there
  // are lists: a page's `nodes`, and what is short and bounded.
  '@graphql-eslint/relay-edge-types': [
    'error',
    { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
  ],
};
// What everybody calls a username.
const excepted = new Set(['Field "username" starts with the name of the parent type "User"']);

async function breaking() {
  const released = buildSchema(readFileSync(`${root}schema.released.graphql`, 'utf8'));
  const changes = await diff(released, buildSchema(text));
  const log = readFileSync(`${root}CHANGELOG.md`, 'utf8');
  const unreleased = log.split(/^## /m).find((section) => section.startsWith('Unreleased')) ?? '';
  const told = unreleased.split(/^### /m).find((section) => section.startsWith('Breaking')) ?? '';
  return changes
    .filter((change) => change.criticality.level === 'BREAKING' && !told.includes(`\`${change.path}\``))
    .map((change) => `${change.path}: ${change.message}`);
}

async function unruly() {
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: [
      {
        files: ['**/*.graphql'],
        languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema: path } } },
        plugins: { '@graphql-eslint': plugin },
        rules,
      },
    ],
  });
  const results = await eslint.lintText(text, { filePath: `${root}schema.graphql` });
  const messages = results.flatMap((result) => result.messages);
  return messages
    .filter((message) => !excepted.has(message.message))
    .map((message) => `${message.line}: ${message.message} (${message.ruleId})`);
}

let failed = 0;
for (const [name, check] of [['clients of the last release', breaking], ['rules for schemas', unruly]]) {
  const found = await check();
  found.forEach((one) => console.error(`${name}: ${one}`));
  failed += Number(found.length > 0);
}
console.log(`${2 - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
