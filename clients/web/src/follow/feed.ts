// Follows the feed of chirps.

import {
  ChirpCreateDocument,
  ChirpDeleteDocument,
  ChirpEventsDocument,
  ChirpsDocument,
  LinnetError,
  type Cursor,
  type Linnet,
} from '@linnet/client';
import { reduceFeed, UNREAD_FEED, type FeedAction, type FeedState } from '../state/feed';
import { Store } from '../state/store';
import { following, untilItWorks } from './patience';

export class FeedFollower {
  readonly store = new Store<FeedState, FeedAction>(reduceFeed, UNREAD_FEED);
  readonly #linnet: Linnet;
  readonly #viewerId: string;
  #signal = AbortSignal.abort();
  #isReadingMore = false;

  constructor(linnet: Linnet, viewerId: string) {
    this.#linnet = linnet;
    this.#viewerId = viewerId;
  }

  /** Follows until it is told to stop, by what this gives. */
  readonly start = (): (() => void) => {
    const stop = new AbortController();
    this.#signal = stop.signal;
    void following(
      () => this.#followLog(stop.signal),
      stop.signal,
      (problem) => this.#failed(problem),
    );
    return () => stop.abort();
  };

  readonly older = async (): Promise<void> => {
    const { nextPage } = this.store.get();
    if (nextPage === null || this.#isReadingMore) return;
    this.#isReadingMore = true;
    try {
      await this.#list(nextPage);
    } catch (problem) {
      this.#failed(problem);
    } finally {
      this.#isReadingMore = false;
    }
  };

  /** Says something to everybody. Under the same key it is said once, however often this is tried. */
  async post(message: string, clientKey: string): Promise<void> {
    const { chirpCreate } = await this.#linnet.mutate(
      ChirpCreateDocument,
      { input: { message, clientKey } },
      { isRepeatable: true },
    );
    if (!chirpCreate.chirp) throw LinnetError.refused(chirpCreate.errors);
  }

  async delete(id: string): Promise<void> {
    const { chirpDelete } = await this.#linnet.mutate(ChirpDeleteDocument, { input: { id } }, { isRepeatable: true });
    if (chirpDelete.errors.length > 0) throw LinnetError.refused(chirpDelete.errors);
  }

  /** Reads the feed and follows its log from there. True if it has to be read afresh. */
  async #followLog(signal: AbortSignal): Promise<boolean> {
    const after = await untilItWorks(
      () => this.#list(null),
      signal,
      (problem) => this.#failed(problem),
    );
    for await (const frame of this.#linnet.stream(ChirpEventsDocument, { after }, { signal })) {
      if (frame.__typename === 'StreamReset') return true;
      this.store.dispatch({ type: 'frame', frame, viewerId: this.#viewerId });
    }
    return false;
  }

  async #list(after: Cursor | null): Promise<Cursor> {
    const { chirps } = await this.#linnet.query(ChirpsDocument, { first: 30, after }, { signal: this.#signal });
    const nextPage = chirps.pageInfo.hasNextPage ? chirps.pageInfo.endCursor : null;
    this.store.dispatch({ type: 'listed', chirps: chirps.nodes, nextPage, isFirst: after === null });
    return chirps.eventCursor;
  }

  #failed(problem: unknown): void {
    if (!this.#signal.aborted) this.store.dispatch({ type: 'problem', problem });
  }
}
