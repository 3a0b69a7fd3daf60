// docs/limits.md has the defaults of linnet.default.toml, and leaves no limit out.

import { readFileSync } from 'node:fs';

/** Of these every setting that is a number is told of on the page; of others those that a frontend meets. */
const WHOLE = ['Clients', 'Documents', 'Rates', 'Messages', 'Uploads'];
/** What is a number there and limits nobody: how long `/readyz` warns before the server stops. */
const NO_LIMIT = new Set(['drain_seconds']);

/** What the page says otherwise than the settings, or does not say. */
export function wrongLimits(root) {
  const defaults = new Map();
  const wanted = new Set();
  let section;
  for (const line of readFileSync(`${root}/linnet.default.toml`, 'utf8').split('\n')) {
    section = /^# ── (.+?) ─/.exec(line)?.[1] ?? section;
    const [, name, value] = /^(\w+) = (\d+)$/.exec(line) ?? [];
    if (!name) continue;
    defaults.set(name, value);
    if (WHOLE.includes(section) && !NO_LIMIT.has(name)) wanted.add(name);
  }
  const page = readFileSync(`${root}/docs/limits.md`, 'utf8');
  const told = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm), ...page.matchAll(/`(\w+)`, (\d+) bytes/g)];
  const wrong = told.filter(([, name, value]) => defaults.get(name) !== value);
  const missing = [...wanted].filter((name) => !told.some(([, one]) => one === name));
  return [
    ...wrong.map(([, name, value]) => `docs/limits.md: ${name} is ${defaults.get(name) ?? 'no setting'}, not ${value}`),
    ...missing.map((name) => `docs/limits.md: it does not tell of ${name}`),
  ];
}
