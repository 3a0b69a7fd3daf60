// Points in time, as one says them.

import type { DateTime } from '@linnet/client';

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' });
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const DAY_MS = 86_400_000;

export function clock(at: DateTime): string {
  return CLOCK.format(new Date(at));
}

/** "Today", "Yesterday", "Tuesday", "3 May". */
export function day(at: DateTime): string {
  const date = new Date(at);
  const days = Math.round((midnight(new Date()) - midnight(date)) / DAY_MS);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return WEEKDAY.format(date);
  return (date.getFullYear() === new Date().getFullYear() ? DAY : DATE).format(date);
}

export function isSameDay(a: DateTime, b: DateTime): boolean {
  return midnight(new Date(a)) === midnight(new Date(b));
}

/** A time of today by the clock, and of any other day by that. */
export function Time({ at }: { at: DateTime }) {
  return (
    <time dateTime={at} title={WHOLE.format(new Date(at))}>
      {isSameDay(at, new Date().toISOString()) ? clock(at) : day(at)}
    </time>
  );
}

export function Clock({ at }: { at: DateTime }) {
  return (
    <time dateTime={at} title={WHOLE.format(new Date(at))}>
      {clock(at)}
    </time>
  );
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
