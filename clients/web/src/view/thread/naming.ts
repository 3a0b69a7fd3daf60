// What a thread is called.

import type { ThreadFieldsFragment as Thread, UserFieldsFragment as User } from '@linnet/client';

/** Who else takes part, as far as lists tell: those come first who were there first. */
export function others(thread: Thread, viewerId: string): User[] {
  return thread.participants.nodes.map(({ user }) => user).filter(({ id }) => id !== viewerId);
}

export function titleOf(thread: Thread, viewerId: string): string {
  if (thread.title !== null) return thread.title;
  const names = others(thread, viewerId).map(nameOf);
  if (names.length === 0) return 'You alone';
  const more = thread.participantCount - 1 - names.length;
  return list(more > 0 ? [...names, `${more} more`] : names);
}

export function nameOf(user: User | null): string {
  return user?.profile.displayName ?? 'Somebody who has left';
}

/** "Ann, Bob and Cleo". */
export function list(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(names);
}
