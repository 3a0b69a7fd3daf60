// The messages of one thread: what is known of each, and which of them lie in the window that is shown.

import type { Cursor, MessageFieldsFragment as Message } from '@linnet/client';
import type { MessagePageFieldsFragment as Page } from '../../generated/graphql';

/** How many messages the window holds at most. Beyond that it lets go of those at its other end, which can be read again. */
export const WINDOW = 300;
/** What it is cut down to then, so that it is not cut anew by each message. */
const CUT = 200;

/** Of how many messages something is known at most, in the window or not; then the half that was heard of last stays. */
const KNOWN = 4 * WINDOW;

/** A message in the window, at its place in the thread's log. Places sort as texts. */
export interface Place {
  readonly id: string;
  readonly at: Cursor;
}

/** What is known of a message, and as of when. */
interface Known {
  readonly message: Message;
  readonly asOf: Cursor;
}

export interface Messages {
  readonly known: Readonly<Record<string, Known>>;
  /** The window: one stretch of the thread without a gap, the oldest first. */
  readonly window: readonly Place[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** The place of the newest message that was heard of, in the window or not. */
  readonly newest: Cursor;
}

export const NO_MESSAGES: Messages = { known: {}, window: [], hasOlder: false, hasNewer: false, newest: '' };

export function messageOf(messages: Messages, id: string): Message | undefined {
  return messages.known[id]?.message;
}

/**
 * Learns how a message stands as of a place in the log. What is known as of a later one stays: a page that was read before a change may
 * come after the change did.
 */
export function learn(messages: Messages, message: Message, asOf: Cursor): Messages {
  const known = messages.known[message.id];
  if (known && known.asOf > asOf) return messages;
  return { ...messages, known: { ...remembered(messages), [message.id]: { message, asOf } } };
}

/** What is known of those in the window, and of others that were heard of not long ago: a page that is on its way may be older than that. */
function remembered({ known, window }: Messages): Messages['known'] {
  const all = Object.entries(known);
  if (all.length < KNOWN) return known;
  const shown = new Set(window.map(({ id }) => id));
  const others = all.filter(([id]) => !shown.has(id)).sort(([, a], [, b]) => (a.asOf < b.asOf ? -1 : 1));
  return Object.fromEntries([...all.filter(([id]) => shown.has(id)), ...others.slice(others.length / 2)]);
}

/** The window becomes this page. */
export function turnTo(messages: Messages, page: Page, asOf: Cursor): Messages {
  const learned = read(messages, page, asOf);
  return {
    ...learned,
    window: places(page),
    hasOlder: page.pageInfo.hasPreviousPage,
    hasNewer: isMoreBehind(learned, page, asOf),
  };
}

/** The page before the window joins it; unless the window has moved since it was asked for. */
export function addOlder(messages: Messages, page: Page, before: Cursor, asOf: Cursor): Messages {
  const learned = read(messages, page, asOf);
  if (messages.window[0]?.at !== before) return learned;
  const all = [...places(page), ...messages.window];
  const window = all.length > WINDOW ? all.slice(0, CUT) : all;
  const hasNewer = messages.hasNewer || window.length < all.length;
  return { ...learned, window, hasOlder: page.pageInfo.hasPreviousPage, hasNewer };
}

/** The page behind the window joins it; unless the window has moved since it was asked for. */
export function addNewer(messages: Messages, page: Page, after: Cursor, asOf: Cursor): Messages {
  const learned = read(messages, page, asOf);
  if (messages.window.at(-1)?.at !== after) return learned;
  const all = [...messages.window, ...places(page)];
  const window = all.length > WINDOW ? all.slice(-CUT) : all;
  const hasOlder = messages.hasOlder || window.length < all.length;
  return { ...learned, window, hasOlder, hasNewer: isMoreBehind(learned, page, asOf) };
}

/**
 * A message was posted. It joins the window if that reaches to the end and has room; otherwise the end is no longer in the window, and
 * is read as a page by whoever gets there.
 */
export function post(messages: Messages, message: Message, at: Cursor): Messages {
  const learned = { ...learn(messages, message, at), newest: later(messages.newest, at) };
  if (at <= (messages.window.at(-1)?.at ?? '')) return learned;
  if (learned.hasNewer || learned.window.length >= WINDOW) return { ...learned, hasNewer: true };
  return { ...learned, window: [...learned.window, { id: message.id, at }] };
}

function places(page: Page): Place[] {
  return page.edges.map(({ cursor, node }) => ({ id: node.id, at: cursor }));
}

function read(messages: Messages, page: Page, asOf: Cursor): Messages {
  const newest = later(messages.newest, page.edges.at(-1)?.cursor ?? '');
  return page.edges.reduce((known, { node }) => learn(known, node, asOf), { ...messages, newest });
}

/** Whether there is more behind a page: the server knows as of when it was read, and the stream may have told of more since. */
function isMoreBehind({ newest }: Messages, { pageInfo }: Page, asOf: Cursor): boolean {
  return pageInfo.hasNextPage || newest > asOf;
}

function later(a: Cursor, b: Cursor): Cursor {
  return a > b ? a : b;
}
