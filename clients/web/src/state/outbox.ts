// Messages that are on their way: shown at once, each under the key that makes it one message however often it is sent.

import type { Cursor, ParentFieldsFragment as Parent } from '@linnet/client';

export interface Outgoing {
  readonly clientKey: string;
  readonly threadId: string;
  readonly content: string;
  readonly parent: Parent | null;
  readonly files: readonly { readonly uploadId: string; readonly name: string }[];
  readonly status: 'sending' | 'sent' | 'failed';
  /** What the server had against it; null if it did not answer, so that the same may work later. */
  readonly refusal: string | null;
  /** Where it lies in the thread's log, once it is sent: a stream that has come so far has shown it. */
  readonly place: Cursor | null;
}

export type OutboxState = readonly Outgoing[];

export type OutboxAction =
  | { type: 'sending'; outgoing: Outgoing }
  | { type: 'sent'; clientKey: string; place: Cursor | null }
  | { type: 'failed'; clientKey: string; refusal: string | null }
  | { type: 'gone'; clientKeys: ReadonlySet<string> };

export function reduceOutbox(state: OutboxState, action: OutboxAction): OutboxState {
  switch (action.type) {
    case 'sending': {
      const others = state.filter(({ clientKey }) => clientKey !== action.outgoing.clientKey);
      return [...others, { ...action.outgoing, status: 'sending', refusal: null }];
    }
    case 'sent':
      return change(state, action.clientKey, { status: 'sent', place: action.place });
    case 'failed':
      return change(state, action.clientKey, { status: 'failed', refusal: action.refusal });
    case 'gone': {
      const rest = state.filter(({ clientKey }) => !action.clientKeys.has(clientKey));
      return rest.length === state.length ? state : rest;
    }
  }
}

/** Those of a thread that its stream has not shown yet. */
export function underWay(
  state: OutboxState,
  threadId: string,
  cursor: Cursor,
  shownKeys: ReadonlySet<string>,
): Outgoing[] {
  return state.filter(
    (outgoing) =>
      outgoing.threadId === threadId &&
      !shownKeys.has(outgoing.clientKey) &&
      !(outgoing.place !== null && outgoing.place <= cursor),
  );
}

function change(state: OutboxState, clientKey: string, to: Partial<Outgoing>): OutboxState {
  return state.map((outgoing) => (outgoing.clientKey === clientKey ? { ...outgoing, ...to } : outgoing));
}
