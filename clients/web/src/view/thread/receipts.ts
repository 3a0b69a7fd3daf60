// Who has read one's messages, and how to say it.

import type { Cursor, ParticipantFieldsFragment as Participant, ThreadFieldsFragment as Thread } from '@linnet/client';

import type { Messages } from '../../state/messages';
import { list, nameOf } from './naming';

/**
 * What stands under one's own messages, by their ids: each of the others at the last message of one's own that they have read, and under the
 * very last one how far it has come. Nothing where receipts are not shared.
 */
export function receiptsOf(
  { window, known }: Messages,
  members: Readonly<Record<string, Participant>>,
  thread: Thread,
  viewerId: string,
): ReadonlyMap<string, string> {
  const receipts = new Map<string, string>();
  if (!thread.sharesReceipts) return receipts;
  const own = window.filter(({ id }) => known[id]?.message.sender?.id === viewerId);
  const lastOwn = own.at(-1);
  if (!lastOwn) return receipts;
  const all = Object.values(members).filter(({ user }) => user.id !== viewerId && user.kind !== 'ASSISTANT');
  const readers = new Map<string, Participant[]>();
  for (const member of all) {
    const read = own.findLast(({ at }) => at <= (member.lastReadCursor ?? ''));
    if (read) readers.set(read.id, [...(readers.get(read.id) ?? []), member]);
  }
  for (const [id, some] of readers) receipts.set(id, readBy(some, all));
  if (!receipts.has(lastOwn.id) && all.length > 0) {
    receipts.set(lastOwn.id, isDelivered(all, lastOwn.at) ? 'Delivered' : 'Sent');
  }
  return receipts;
}

function readBy(some: readonly Participant[], all: readonly Participant[]): string {
  if (some.length === all.length) return all.length === 1 ? 'Read' : 'Read by everybody';
  return `Read by ${list(some.map(({ user }) => nameOf(user)))}`;
}

function isDelivered(all: readonly Participant[], at: Cursor): boolean {
  return all.every(({ lastDeliveredCursor }) => at <= (lastDeliveredCursor ?? ''));
}
