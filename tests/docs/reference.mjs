// Writes docs/reference from schema.graphql: `node reference.mjs`. With `--check` it writes nothing, and fails if what is there is not what it
// would write.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';

import { nouns } from './nouns.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = `${root}docs/reference`;
const schema = buildSchema(readFileSync(`${root}schema.graphql`, 'utf8'));
const ROOTS = [
  ['query', 'Queries', schema.getQueryType()],
  ['mutation', 'Mutations', schema.getMutationType()],
  ['subscription', 'Subscriptions', schema.getSubscriptionType()],
];
/** What every connection takes and has is told once, in docs/pagination.md. */
const PAGING = new Set(['first', 'last', 'after', 'before']);
const PAGED = new Set(['edges', 'nodes', 'pageInfo']);

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !ROOTS.some(([, , one]) => one === type),
);
const pageOf = new Map(types.map((type) => [type.name, nounOf(type.name)]));
/** Inputs and payloads that one mutation alone has are told of with it. */
const own = ownTypes();

/** The page of a type or a root field: the first noun that claims it. */
function nounOf(name) {
  const noun = nouns.find(({ owns }) => owns.test(name));
  if (!noun) throw new Error(`${name} is of no noun: say in nouns.mjs which page it is on`);
  return noun;
}

function ownTypes() {
  const uses = new Map();
  for (const field of Object.values(schema.getMutationType().getFields())) {
    for (const type of [field.type, ...field.args.map((argument) => argument.type)].map(getNamedType)) {
      uses.set(type.name, (uses.get(type.name) ?? 0) + 1);
    }
  }
  return new Set([...uses].filter(([, count]) => count === 1).map(([name]) => name));
}

function isConnection(type) {
  return /(Connection|Edge)$/.test(type.name) && type.name !== 'MessageEdge';
}

function kindOf(type) {
  if (isScalarType(type)) return 'scalar';
  if (isEnumType(type)) return 'enum';
  if (isInputObjectType(type)) return 'input';
  return isInterfaceType(type) ? 'interface' : 'type';
}

/** In one line, as a cell of a table wants it. */
function line(text) {
  return (text ?? '').replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}

/** A type as it is written, with a link to where it is told of. */
function linked(type, page) {
  const named = getNamedType(type);
  const text = `\`${type}\``;
  const noun = pageOf.get(named.name);
  if (!noun || own.has(named.name)) return text;
  const target = isConnection(named) ? '../pagination.md' : `${noun === page ? '' : `${noun.page}.md`}#${kindOf(named)}-${named.name.toLowerCase()}`;
  return `[${text}](${target})`;
}

function table(head, rows) {
  return rows.length === 0 ? [] : [`| ${head} | | |`, '|---|---|---|', ...rows.map((cells) => `| ${cells.join(' | ')} |`), ''];
}

function argumentRows(args, page) {
  return args.map((one) => {
    const value = one.defaultValue === undefined ? '' : ` = \`${JSON.stringify(one.defaultValue)}\``;
    return [`\`${one.name}\``, linked(one.type, page) + value, line(one.description)];
  });
}

function fieldRows(fields, page) {
  return fields.map((field) => {
    const isPaged = isConnection(getNamedType(field.type));
    const args = (field.args ?? []).filter(({ name }) => !isPaged || !PAGING.has(name));
    const told = args.map((one) => `\`${one.name}: ${one.type}\`: ${line(one.description)}`).join(' ');
    const gone = field.deprecationReason ? `**Deprecated:** ${line(field.deprecationReason)} ` : '';
    const name = `\`${field.name}\`${isPaged ? ' (paged)' : ''}`;
    return [name, linked(field.type, page), `${gone}${line(field.description)}${told && ` With ${told}`}`];
  });
}

function fieldsOf(type, page) {
  const fields = Object.values(type.getFields()).filter(({ name }) => !isConnection(type) || !PAGED.has(name));
  return isInputObjectType(type) ? argumentRows(fields, page) : fieldRows(fields, page);
}

/** A query, a mutation or a subscription. */
function operation(kind, field, page) {
  const lines = [`### ${kind} ${field.name}`, '', line(field.description), ''];
  const inputs = field.args.map(({ type }) => getNamedType(type)).filter(({ name }) => own.has(name));
  const isPaged = isConnection(getNamedType(field.type));
  const args = field.args.filter(({ name, type }) => !(isPaged && PAGING.has(name)) && !own.has(getNamedType(type).name));
  lines.push(...table('argument', argumentRows(args, page)));
  for (const input of inputs) lines.push(...table('`input`', fieldsOf(input, page)));
  const answer = getNamedType(field.type);
  const paged = isPaged ? ', with [`first`, `after`, `last`, `before`](../pagination.md)' : '';
  lines.push(`Answers ${linked(field.type, page)}${paged}${own.has(answer.name) ? ':' : '.'}`, '');
  if (own.has(answer.name)) lines.push(...table('field', fieldsOf(answer, page)));
  return lines;
}

function told(type, page) {
  const kind = kindOf(type);
  const lines = [`### ${kind} ${type.name}`, '', line(type.description), ''];
  if (kind === 'scalar') return lines;
  if (kind === 'enum') {
    lines.push('| value | |', '|---|---|');
    return [...lines, ...type.getValues().map(({ name, description }) => `| \`${name}\` | ${line(description)} |`), ''];
  }
  const made = kind === 'interface' ? schema.getPossibleTypes(type) : (type.getInterfaces?.() ?? []);
  if (made.length > 0) {
    lines.push(`${kind === 'interface' ? 'Is one of' : 'Is a'} ${made.map((one) => linked(one, page)).join(', ')}.`, '');
  }
  if (type.isOneOf) lines.push('Exactly one of its fields is given.', '');
  return [...lines, ...table('field', fieldsOf(type, page))];
}

function pageText(noun) {
  const lines = [`# ${noun.title}`, '', noun.about, '', HEAD, ''];
  for (const [kind, title, type] of ROOTS) {
    const fields = Object.values(type.getFields()).filter(({ name }) => nounOf(name) === noun);
    if (fields.length > 0) lines.push(`## ${title}`, '', ...fields.flatMap((field) => operation(kind, field, noun)));
  }
  const shown = types.filter((type) => pageOf.get(type.name) === noun && !own.has(type.name));
  const plain = shown.filter((type) => !isConnection(type)).sort((one, other) => one.name.localeCompare(other.name));
  if (plain.length > 0) lines.push('## Types', '', ...plain.flatMap((type) => told(type, noun)));
  const more = shown.filter((type) => isConnection(type) && fieldsOf(type, noun).some(([name]) => !/`(cursor|node)`/.test(name)));
  if (more.length > 0) lines.push('## What connections have besides', '');
  for (const type of more) {
    const besides = fieldsOf(type, noun).filter(([name]) => !/`(cursor|node)`/.test(name));
    lines.push(`\`${type.name}\`:`, '', ...table('field', besides));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const HEAD =
  'Made from `schema.graphql` by [tests/docs/reference.mjs](../../tests/docs/reference.mjs). What goes wrong is in [errors.md](../errors.md), how lists are paged in [pagination.md](../pagination.md).';

function index() {
  const lines = ['# Reference', '', 'Every query, mutation, subscription and type, by noun.', '', '| | |', '|---|---|'];
  lines.push(...nouns.map(({ page, title, about }) => `| [${title}](${page}.md) | ${about} |`), '');
  for (const [kind, title, type] of ROOTS) {
    const fields = Object.values(type.getFields());
    const links = fields.map(({ name }) => `[\`${name}\`](${nounOf(name).page}.md#${kind}-${name.toLowerCase()})`);
    lines.push(`## ${title}`, '', links.join(', '), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

const files = new Map([['README.md', index()], ...nouns.map((noun) => [`${noun.page}.md`, pageText(noun)])]);
if (process.argv.includes('--check')) {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  const stale = [...files].filter(([name, text]) => !there.includes(name) || readFileSync(`${folder}/${name}`, 'utf8') !== text);
  const wrong = [...stale.map(([name]) => name), ...there.filter((name) => !files.has(name))];
  wrong.forEach((name) => console.error(`docs/reference/${name} is not what schema.graphql says: run node tests/docs/reference.mjs`));
  process.exit(wrong.length > 0 ? 1 : 0);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const [name, text] of files) writeFileSync(`${folder}/${name}`, text);
