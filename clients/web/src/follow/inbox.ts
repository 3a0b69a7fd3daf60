// Follows the threads of whoever is signed in.

import {
  ThreadMarkDeliveredDocument,
  ThreadsDocument,
  type Cursor,
  type Linnet,
  type ThreadFieldsFragment as Thread,
} from '@linnet/client';
import { InboxDocument } from '../../generated/graphql';
import { reduceInbox, UNREAD_INBOX, type InboxAction, type InboxState } from '../state/inbox';
import { Store } from '../state/store';
import { following, untilItWorks } from './patience';

/** A connection that comes back within this time was not worth a word. */
const WORTH_A_WORD_MS = 1_500;

export class InboxFollower {
  readonly store = new Store<InboxState, InboxAction>(reduceInbox, UNREAD_INBOX);
  readonly #linnet: Linnet;
  /** Messages that this device has said it has got, by their threads. */
  readonly #delivered = new Map<string, string>();
  #signal = AbortSignal.abort();

  constructor(linnet: Linnet) {
    this.#linnet = linnet;
  }

  /** Follows until it is told to stop, by what this gives. */
  readonly start = (): (() => void) => {
    const stop = new AbortController();
    this.#signal = stop.signal;
    void following(
      () => this.#follow(stop.signal),
      stop.signal,
      (problem) => this.store.dispatch({ type: 'problem', problem }),
    );
    return () => stop.abort();
  };

  readonly more = async (): Promise<void> => {
    const { nextPage } = this.store.get();
    if (nextPage !== null) await this.#list(nextPage);
  };

  /** The stream first, and then the list: what changes while that is read is not missed. */
  async #follow(signal: AbortSignal): Promise<boolean> {
    let isListed = false;
    let wordTimer: ReturnType<typeof setTimeout> | undefined;
    const tell = (isCutOff: boolean): void => this.store.dispatch({ type: 'connection', isCutOff });
    const onStatus = (status: 'connecting' | 'open' | 'waiting'): void => {
      if (status === 'waiting') wordTimer ??= setTimeout(() => tell(true), WORTH_A_WORD_MS);
      if (status !== 'open') return;
      clearTimeout(wordTimer);
      wordTimer = undefined;
      tell(false);
    };
    try {
      for await (const frame of this.#linnet.stream(InboxDocument, {}, { signal, onStatus })) {
        switch (frame.__typename) {
          case 'InboxThread':
            this.store.dispatch({ type: 'changed', thread: frame.thread });
            this.#got(frame.thread, frame.thread.eventCursor);
            break;
          case 'InboxThreadRemoved':
            this.store.dispatch({ type: 'removed', threadId: frame.threadId });
            break;
          case 'InboxCaughtUp':
            if (!isListed || !this.store.get().isRead) void this.#list(null);
            isListed = true;
            break;
          case 'InboxReset':
            void this.#list(null);
            break;
          default:
          // Another kind, of a newer server.
        }
      }
      return false;
    } finally {
      clearTimeout(wordTimer);
    }
  }

  async #list(after: Cursor | null): Promise<void> {
    const signal = this.#signal;
    const failed = (problem: unknown): void => this.store.dispatch({ type: 'problem', problem });
    const ask = async () => await this.#linnet.query(ThreadsDocument, { after, first: 30 }, { signal });
    if (after === null) this.store.dispatch({ type: 'asked' });
    try {
      const { viewer } = await (after === null ? untilItWorks(ask, signal, failed) : ask());
      if (!viewer) return;
      const { nodes: threads, pageInfo } = viewer.threads;
      const nextPage = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      this.store.dispatch({ type: 'listed', threads, nextPage, isFirst: after === null });
    } catch (problem) {
      if (!signal.aborted) failed(problem);
    }
  }

  /** Tells those who wrote that it has got here, though nobody has read it yet. */
  #got({ id, lastMessage, viewerState, sharesReceipts }: Thread, upTo: Cursor): void {
    if (!sharesReceipts || !viewerState?.unreadCount || !lastMessage || this.#delivered.get(id) === lastMessage.id)
      return;
    this.#delivered.set(id, lastMessage.id);
    this.#linnet
      .mutate(ThreadMarkDeliveredDocument, { input: { threadId: id, upTo } }, { isRepeatable: true })
      .catch(() => {});
  }
}
