// The threads of whoever is signed in, as a list with unread counts.

import type { ThreadFieldsFragment as Thread } from '@linnet/client';

export interface InboxState {
  readonly isRead: boolean;
  readonly problem: unknown;
  readonly threads: Readonly<Record<string, Thread>>;
  /** Where the next page of the list begins; null at its end. */
  readonly nextPage: string | null;
  /** What streams have said since the list was asked for: newer than what the list is about to say. */
  readonly heardOf: ReadonlySet<string>;
  /** Whether the connection is away, and has been for a moment. */
  readonly isCutOff: boolean;
}

export type InboxAction =
  | { type: 'asked' }
  | { type: 'listed'; threads: readonly Thread[]; nextPage: string | null; isFirst: boolean }
  | { type: 'changed'; thread: Thread }
  | { type: 'removed'; threadId: string }
  | { type: 'connection'; isCutOff: boolean }
  | { type: 'problem'; problem: unknown };

export const UNREAD_INBOX: InboxState = {
  isRead: false,
  problem: null,
  threads: {},
  nextPage: null,
  heardOf: new Set(),
  isCutOff: false,
};

export function reduceInbox(state: InboxState, action: InboxAction): InboxState {
  switch (action.type) {
    case 'asked':
      return { ...state, heardOf: new Set(), problem: null };
    case 'listed': {
      const listed = action.threads.filter(({ id }) => !state.heardOf.has(id)).map((thread) => [thread.id, thread]);
      const kept = action.isFirst
        ? Object.entries(state.threads).filter(([id]) => state.heardOf.has(id))
        : Object.entries(state.threads);
      const threads = Object.fromEntries([...kept, ...listed]);
      return { ...state, isRead: true, problem: null, nextPage: action.nextPage, threads };
    }
    case 'changed': {
      const { thread } = action;
      return {
        ...state,
        threads: { ...state.threads, [thread.id]: thread },
        heardOf: new Set(state.heardOf).add(thread.id),
      };
    }
    case 'removed': {
      const { [action.threadId]: _, ...threads } = state.threads;
      return { ...state, threads, heardOf: new Set(state.heardOf).add(action.threadId) };
    }
    case 'connection':
      return state.isCutOff === action.isCutOff ? state : { ...state, isCutOff: action.isCutOff };
    case 'problem':
      return { ...state, problem: action.problem };
  }
}

/** Those in use, the most recently active first. */
export function listed({ threads }: InboxState): Thread[] {
  return Object.values(threads)
    .filter(({ archivedAt, viewerState }) => archivedAt === null && viewerState !== null)
    .sort((a, b) => (lastActive(a) < lastActive(b) ? 1 : -1));
}

/** How many of them have something that was not read, and is not muted. */
export function unreadThreads(state: InboxState): number {
  return listed(state).filter((thread) => unreadCount(thread) > 0 && !isMuted(thread)).length;
}

export function unreadCount({ viewerState }: Thread): number {
  return viewerState?.unreadCount ?? 0;
}

export function isMuted({ viewerState }: Thread): boolean {
  return viewerState?.mutedUntil != null && Date.parse(viewerState.mutedUntil) > Date.now();
}

function lastActive({ lastMessageAt, createdAt }: Thread): string {
  return lastMessageAt ?? createdAt;
}
