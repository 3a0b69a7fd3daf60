// One thread as it is shown, and how each frame of its streams changes that.

import type {
  AssistantAnswerFieldsFragment as Answer,
  Cursor,
  Frame,
  ParticipantFieldsFragment as Participant,
  ThreadEventsSubscription,
  ThreadFieldsFragment as Thread,
  ThreadSignalFieldsFragment as Signal,
} from '@linnet/client';
import type { MessagePageFieldsFragment as Page } from '../../generated/graphql';
import { addNewer, addOlder, learn, NO_MESSAGES, post, turnTo, type Messages } from './messages';
import { forget, hush, NO_SIGNALS, say, sense, tire, told, type Signals } from './signals';

export type ThreadFrame = Frame<ThreadEventsSubscription>;

/** Where to look after the window has turned to another page: at a message, or at the end. Each turn has a number of its own. */
export interface Turn {
  readonly number: number;
  readonly messageId: string | null;
}

export interface ThreadState {
  /** `gone`: it doesn't exist, or may not be read (any more). */
  readonly phase: 'loading' | 'ready' | 'gone';
  /** Why it could not be read, if that may pass. */
  readonly problem: unknown;
  readonly thread: Thread | null;
  /** How far the stream has come. */
  readonly cursor: Cursor;
  /** Whether what was missed is through: what comes now is news. */
  readonly isLive: boolean;
  readonly members: Readonly<Record<string, Participant>>;
  readonly messages: Messages;
  /** The message that the line "New" stands above. */
  readonly firstUnreadId: string | null;
  readonly turn: Turn;
  /** The message of somebody else's that came last, for those who listen to the page. */
  readonly newsId: string | null;
  readonly older: Edge;
  readonly newer: Edge;
  readonly signals: Signals;
}

/** How it stands with the pages beyond one end of the window. */
export type Edge = 'idle' | 'loading' | 'failed';

export type ThreadAction =
  | {
      type: 'opened';
      thread: Thread;
      cursor: Cursor;
      members: readonly Participant[];
      page: Page;
      asOf: Cursor;
      firstUnreadId: string | null;
    }
  | { type: 'turned'; page: Page; asOf: Cursor; messageId: string }
  | { type: 'asked'; edge: 'older' | 'newer' }
  | { type: 'failed'; edge: 'older' | 'newer' }
  | { type: 'older'; page: Page; before: Cursor; asOf: Cursor }
  | { type: 'newer'; page: Page; after: Cursor; asOf: Cursor }
  | { type: 'frame'; frame: ThreadFrame; viewerId: string }
  | { type: 'signal'; signal: Signal; nowMs: number }
  | { type: 'answers'; answers: readonly (readonly [id: string, answer: Answer])[] }
  | { type: 'cutOff' }
  | { type: 'clock'; nowMs: number }
  | { type: 'problem'; problem: unknown }
  | { type: 'reset' }
  | { type: 'gone' };

export const UNOPENED: ThreadState = {
  phase: 'loading',
  problem: null,
  thread: null,
  cursor: '',
  isLive: false,
  members: {},
  messages: NO_MESSAGES,
  firstUnreadId: null,
  turn: { number: 0, messageId: null },
  newsId: null,
  older: 'idle',
  newer: 'idle',
  signals: NO_SIGNALS,
};

export function reduceThread(state: ThreadState, action: ThreadAction): ThreadState {
  switch (action.type) {
    case 'opened': {
      const { page, asOf, firstUnreadId } = action;
      const cursor = later(state.cursor, action.cursor);
      // The stream may have told of more since this was read.
      const isNews = cursor === action.cursor;
      const thread = isNews ? action.thread : state.thread;
      const members = isNews
        ? Object.fromEntries(action.members.map((member) => [member.user.id, member]))
        : state.members;
      const turn = { number: state.turn.number + 1, messageId: firstUnreadId };
      const messages = turnTo(state.messages, page, asOf);
      return {
        ...state,
        phase: 'ready',
        problem: null,
        thread,
        cursor,
        members,
        messages,
        firstUnreadId,
        turn,
        older: 'idle',
        newer: 'idle',
      };
    }
    case 'turned': {
      const turn = { number: state.turn.number + 1, messageId: action.messageId };
      return {
        ...state,
        messages: turnTo(state.messages, action.page, action.asOf),
        turn,
        older: 'idle',
        newer: 'idle',
      };
    }
    case 'asked':
      return { ...state, [action.edge]: 'loading' };
    case 'failed':
      return { ...state, [action.edge]: 'failed' };
    case 'older':
      return { ...state, older: 'idle', messages: addOlder(state.messages, action.page, action.before, action.asOf) };
    case 'newer':
      return { ...state, newer: 'idle', messages: addNewer(state.messages, action.page, action.after, action.asOf) };
    case 'frame':
      return take({ ...state, problem: null, cursor: later(state.cursor, action.frame.cursor) }, action.frame, action.viewerId);
    case 'signal':
      return withSignals(state, sense(state.signals, action.signal, action.nowMs));
    case 'answers':
      return withSignals(state, told(state.signals, action.answers));
    case 'cutOff':
      return withSignals(state, forget(state.signals));
    case 'clock':
      return withSignals(state, tire(state.signals, action.nowMs));
    case 'problem':
      return { ...state, problem: action.problem };
    case 'reset':
      // Cursors of another log can't be compared with those of this one: nothing that is known counts any more.
      return { ...UNOPENED, turn: state.turn };
    case 'gone':
      return { ...state, phase: 'gone' };
  }
}

/** What a frame says. A kind that a newer server may have says nothing here, but its cursor counts. */
function take(state: ThreadState, frame: ThreadFrame, viewerId: string): ThreadState {
  switch (frame.__typename) {
    case 'MessagePosted': {
      // It was deleted for good before this was sent.
      if (!frame.message) return state;
      const { id, sender } = frame.message;
      const signals = sender ? say(hush(state.signals, sender.id), frame.message) : state.signals;
      const newsId = state.isLive && sender?.id !== viewerId ? id : state.newsId;
      return { ...state, messages: post(state.messages, frame.message, frame.cursor), signals, newsId };
    }
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionsChanged':
      return frame.message ? { ...state, messages: learn(state.messages, frame.message, frame.cursor) } : state;
    case 'ReceiptsAdvanced':
      return { ...state, members: frame.participants.reduce(advance, state.members) };
    case 'ParticipantChanged':
      return participantChanged(state, frame);
    case 'ThreadChanged':
      return { ...state, thread: frame.thread };
    case 'CaughtUp':
      return { ...state, isLive: true };
    case 'AccessRevoked':
      return { ...state, phase: 'gone' };
    default:
      return state;
  }
}

function participantChanged(
  state: ThreadState,
  { user, participant }: Extract<ThreadFrame, { __typename: 'ParticipantChanged' }>,
): ThreadState {
  if (!user) return state;
  if (participant) return { ...state, members: { ...state.members, [user.id]: participant } };
  const { [user.id]: _, ...members } = state.members;
  return { ...state, members };
}

/** Marks never move back, whatever comes late. */
function advance(members: ThreadState['members'], participant: Participant): ThreadState['members'] {
  const before = members[participant.user.id];
  if (before && (before.lastReadCursor ?? '') > (participant.lastReadCursor ?? '')) return members;
  return { ...members, [participant.user.id]: participant };
}

function withSignals(state: ThreadState, signals: Signals): ThreadState {
  return signals === state.signals ? state : { ...state, signals };
}

function later(a: Cursor, b: Cursor): Cursor {
  return a > b ? a : b;
}
