// What the list of messages is made of, from top to bottom.

import type { Cursor, MessageFieldsFragment as Message } from '@linnet/client';

import type { ThreadState } from '../../state/thread';
import { day, isSameDay } from '../parts/time';

/** What somebody says within this time of what they said before belongs to it. */
const TOGETHER_MS = 5 * 60_000;

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly label: string }
  | { readonly kind: 'unread'; readonly key: string }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly message: Message;
      readonly at: Cursor;
      readonly isFirst: boolean;
    };

export function rowsOf({ messages, firstUnreadId }: ThreadState): Row[] {
  const rows: Row[] = [];
  let before: Message | undefined;
  for (const { id, at } of messages.window) {
    const message = messages.known[id]?.message;
    if (!message) continue;
    const isNewDay = !before || !isSameDay(before.createdAt, message.createdAt);
    if (isNewDay) rows.push({ kind: 'day', key: `day ${id}`, label: day(message.createdAt) });
    if (id === firstUnreadId) rows.push({ kind: 'unread', key: 'unread' });
    const isFirst = isNewDay || id === firstUnreadId || !before || !belongs(message, before);
    rows.push({ kind: 'message', key: id, message, at, isFirst });
    before = message;
  }
  return rows;
}

function belongs(message: Message, before: Message): boolean {
  const isSameSender = message.sender !== null && message.sender.id === before.sender?.id;
  return isSameSender && Date.parse(message.createdAt) - Date.parse(before.createdAt) < TOGETHER_MS;
}
