// The feed of chirps, the newest first.

import type { ChirpEventsSubscription, ChirpFieldsFragment as Chirp, Frame } from '@linnet/client';

export type ChirpFrame = Frame<ChirpEventsSubscription>;

export interface FeedState {
  readonly isRead: boolean;
  readonly problem: unknown;
  readonly chirps: Readonly<Record<string, Chirp>>;
  readonly order: readonly string[];
  /** Where the next page of older ones begins; null at the end. */
  readonly nextPage: string | null;
  /** Those that were deleted: a page that was read before that may come after it. */
  readonly deleted: ReadonlySet<string>;
  /** Whether what was missed is through. */
  readonly isLive: boolean;
  /** The chirp of somebody else's that came last, for those who listen to the page. */
  readonly newsId: string | null;
}

export type FeedAction =
  | { type: 'listed'; chirps: readonly Chirp[]; nextPage: string | null; isFirst: boolean }
  | { type: 'frame'; frame: ChirpFrame; viewerId: string }
  | { type: 'problem'; problem: unknown };

export const UNREAD_FEED: FeedState = {
  isRead: false,
  problem: null,
  chirps: {},
  order: [],
  nextPage: null,
  deleted: new Set(),
  isLive: false,
  newsId: null,
};

export function reduceFeed(state: FeedState, action: FeedAction): FeedState {
  switch (action.type) {
    case 'listed': {
      const before = action.isFirst ? { ...state, order: [] } : state;
      const fresh = action.chirps.filter(({ id }) => !before.order.includes(id) && !state.deleted.has(id));
      const learned = action.chirps.reduce(learn, before);
      const order = [...before.order, ...fresh.map(({ id }) => id)];
      return { ...learned, isRead: true, problem: null, nextPage: action.nextPage, order };
    }
    case 'frame':
      return take(state, action.frame, action.viewerId);
    case 'problem':
      return { ...state, problem: action.problem };
  }
}

/** What a frame says. A kind that a newer server may have says nothing here. */
function take(state: FeedState, frame: ChirpFrame, viewerId: string): FeedState {
  switch (frame.__typename) {
    case 'ChirpPosted': {
      const { chirp } = frame;
      if (!chirp || state.order.includes(chirp.id)) return state;
      const newsId = state.isLive && chirp.author.id !== viewerId ? chirp.id : state.newsId;
      return { ...learn(state, chirp), order: [chirp.id, ...state.order], newsId };
    }
    case 'ChirpUpdated':
      return frame.chirp ? learn(state, frame.chirp) : state;
    case 'ChirpDeleted': {
      const order = state.order.filter((id) => id !== frame.chirpId);
      return { ...state, order, deleted: new Set(state.deleted).add(frame.chirpId) };
    }
    case 'CaughtUp':
      return { ...state, isLive: true };
    default:
      return state;
  }
}

function learn(state: FeedState, chirp: Chirp): FeedState {
  const known = state.chirps[chirp.id];
  if (known && known.version > chirp.version) return state;
  return { ...state, chirps: { ...state.chirps, [chirp.id]: chirp } };
}
