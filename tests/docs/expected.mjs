// What a page says comes out, compared with what did. `…` stands for whatever is there: within a text for a part of it, by itself for any
// value; at the end of an object for fields that the page is not about, at the end of a list for more items.

/** Stands for `…` where JSON has no word for it. */
const ANY = '\u0000any';
const OTHERS = '\u0000others';

/** Reads JSON in which `…` may stand by itself. Several values may follow each other. */
export function readExpected(text) {
  const values = [];
  let rest = text.trim();
  while (rest) {
    const end = endOfValue(rest);
    values.push(JSON.parse(withWords(rest.slice(0, end))));
    rest = rest.slice(end).trim();
  }
  return values;
}

/** Why a value is not as expected; undefined if it is. */
export function differenceOf(expected, actual, path = '') {
  const here = path || 'the answer';
  if (expected === ANY) return actual === undefined ? `${here} is not there` : undefined;
  if (typeof expected === 'string' && expected.includes('…') && typeof actual === 'string') {
    return patternOf(expected).test(actual) ? undefined : `${here} is "${actual}", not like "${expected}"`;
  }
  if (Array.isArray(expected) && Array.isArray(actual)) return differenceOfLists(expected, actual, path);
  if (isObject(expected) && isObject(actual)) return differenceOfObjects(expected, actual, path);
  return Object.is(expected, actual) ? undefined : `${here} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
}

/** Whether lines that were printed are as expected; a line that is `…` stands for any number of them. */
export function matchesLines(expected, printed) {
  const pattern = expected
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : `${sourceOf(line.trimEnd())}[ \\t]*\\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(`${printed.replaceAll('\r\n', '\n').trim()}\n`);
}

/** The pattern of a text in which `…` stands for a part of a line. */
export function patternOf(text) {
  return new RegExp(`^${sourceOf(text)}$`, 's');
}

function sourceOf(text) {
  return text
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
}

function differenceOfLists(expected, actual, path) {
  const open = expected.at(-1) === ANY && expected.length > 1;
  const items = open ? expected.slice(0, -1) : expected;
  if (open ? actual.length < items.length : actual.length !== items.length) {
    return `${path || 'the answer'} has ${actual.length} items: ${JSON.stringify(actual)}`;
  }
  return first(items, (item, index) => differenceOf(item, actual[index], `${path}[${index}]`));
}

function differenceOfObjects(expected, actual, path) {
  const names = Object.keys(expected).filter((name) => name !== OTHERS);
  const more = Object.keys(actual).filter((name) => !(name in expected));
  if (!(OTHERS in expected) && more.length > 0) {
    return `${path || 'the answer'} also has ${more.map((name) => `${name}: ${JSON.stringify(actual[name])}`).join(', ')}`;
  }
  return first(names, (name) => differenceOf(expected[name], actual[name], path ? `${path}.${name}` : name));
}

function first(items, difference) {
  for (const [index, item] of items.entries()) {
    const found = difference(item, index);
    if (found) return found;
  }
  return undefined;
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Calls back for each character outside of texts, with the kind of what it is in. */
function walk(text, visit) {
  const within = [];
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inText) {
      if (character === '\\') at += 1;
      else if (character === '"') inText = false;
      continue;
    }
    if (character === '"') inText = true;
    else if (character === '{' || character === '[') within.push(character);
    else if (character === '}' || character === ']') within.pop();
    if (visit(character, at, within) === false) return;
  }
}

/** Puts words in the places of `…` that JSON can read. */
function withWords(text) {
  const pieces = [];
  let from = 0;
  walk(text, (character, at, within) => {
    if (character !== '…') return;
    const isField = within.at(-1) === '{' && !/:\s*$/.test(text.slice(0, at));
    pieces.push(text.slice(from, at), isField ? `${JSON.stringify(OTHERS)}: true` : JSON.stringify(ANY));
    from = at + 1;
  });
  return pieces.join('') + text.slice(from);
}

/** Where the first of several JSON values ends: those of pages are objects and lists. */
function endOfValue(text) {
  let end = text.length;
  walk(text, (character, at, within) => {
    if (within.length > 0 || !'}]'.includes(character)) return true;
    end = at + 1;
    return false;
  });
  return end;
}
