// Links between pages lead somewhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Links of the pages of the repository that lead nowhere, each with its place. */
export function brokenLinks(root) {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...pagesIn(root, 'docs')];
  return pages.flatMap((page) => linksOf(join(root, page)).flatMap(({ line, target }) => {
    const why = whyBroken(join(root, page), target);
    return why ? [`${page}:${line}: ${target} ${why}`] : [];
  }));
}

function pagesIn(root, folder) {
  const found = readdirSync(join(root, folder), { recursive: true }).map(String);
  return found.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}

function linksOf(path) {
  const links = [];
  let isCode = false;
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    if (isCode) continue;
    for (const [, target] of line.replaceAll(/`[^`]*`/g, (code) => code.replaceAll('(', ' ')).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(target)) links.push({ line: index + 1, target });
    }
  }
  return links;
}

function whyBroken(from, target) {
  const [file, heading] = target.split('#');
  const path = file ? resolve(dirname(from), file) : from;
  if (!existsSync(path)) return `leads to no file (${relative(dirname(from), path)})`;
  if (heading === undefined || !path.endsWith('.md')) return undefined;
  return headingsOf(path).includes(heading) ? undefined : 'leads to no heading';
}

/** Headings as GitHub names them. */
function headingsOf(path) {
  const text = readFileSync(path, 'utf8').replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.trim().toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'),
  );
}
