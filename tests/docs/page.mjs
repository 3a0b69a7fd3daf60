// A page of the documentation as blocks: what stands between fences, where, and what its first line says of it.

import { readFileSync } from 'node:fs';

const FENCE = /^(\s*)```(.*)$/;

/**
 * The blocks of a page, from top to bottom: `{ place, language, words, text }`. `words` are those behind the language, `as=ann` a pair.
 *
 * Code that is set off by four spaces would be overlooked, so it is an error.
 */
export function blocksOf(path, name) {
  const blocks = [];
  let open;
  let wasBlank = true;
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const place = `${name}:${index + 1}`;
    const fence = FENCE.exec(line);
    if (open) {
      if (fence && fence[2].trim() === '') {
        blocks.push({ ...open, text: open.lines.map((one) => one.slice(open.indent)).join('\n') });
        open = undefined;
      } else {
        open.lines.push(line);
      }
    } else if (fence) {
      const [language = '', ...rest] = fence[2].trim().split(/\s+/);
      const words = new Map(rest.map((word) => [word.split('=')[0], word.includes('=') ? word.slice(word.indexOf('=') + 1) : true]));
      open = { place, language, words, lines: [], indent: fence[1].length };
    } else if (wasBlank && /^ {4}\S/.test(line)) {
      throw new Error(`${place}: put code between fences (\`\`\`), and say what it is`);
    }
    wasBlank = line.trim() === '';
  }
  if (open) throw new Error(`${open.place}: this block has no end`);
  return blocks;
}
