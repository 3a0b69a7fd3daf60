// Follows one thread: reads it, and then takes in everything that happens there, until nobody looks any more.

import {
  AssistantRetryDocument,
  LinnetError,
  MessageDeleteDocument,
  MessageEditDocument,
  ReactionAddDocument,
  ReactionRemoveDocument,
  ThreadEventsDocument,
  ThreadJoinDocument,
  ThreadMarkReadDocument,
  ThreadSignalsDocument,
  TypingSignalDocument,
  type Cursor,
  type Linnet,
  type MessageFieldsFragment as Message,
  type ParticipantFieldsFragment as Participant,
  type ThreadFieldsFragment as Thread,
} from '@linnet/client';
import {
  AnswersDocument,
  AttachmentAddressDocument,
  FirstMessageDocument,
  MessagePageDocument,
  ThreadOpenDocument,
  type MessagePageFieldsFragment as Page,
  type MessagePageQueryVariables,
} from '../../generated/graphql';
import { Store } from '../state/store';
import { reduceThread, UNOPENED, type ThreadAction, type ThreadState } from '../state/thread';
import { following, untilItWorks } from './patience';

/** Messages of a page that is read while one scrolls. */
const PAGE = 50;
/** How often it is said that somebody is writing, while they are. */
const TYPING_EVERY_MS = 3_000;
/** How often it is looked who has fallen silent. */
const CLOCK_MS = 1_000;
/** Marks are gathered for so long, since scrolling makes many. */
const MARK_AFTER_MS = 300;

export class ThreadFollower {
  readonly store = new Store<ThreadState, ThreadAction>(reduceThread, UNOPENED);
  readonly #linnet: Linnet;
  readonly #threadId: string;
  readonly #viewerId: string;
  #signal = AbortSignal.abort();
  #missesSignals = false;
  #saidTypingAtMs = 0;
  #readUpTo: Cursor = '';
  #markTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(linnet: Linnet, threadId: string, viewerId: string) {
    this.#linnet = linnet;
    this.#threadId = threadId;
    this.#viewerId = viewerId;
  }

  /** Follows until it is told to stop, by what this gives. */
  readonly start = (): (() => void) => {
    const stop = new AbortController();
    this.#signal = stop.signal;
    void following(
      () => this.#followLog(stop.signal),
      stop.signal,
      (problem) => this.store.dispatch(isGone(problem) ? { type: 'gone' } : { type: 'problem', problem }),
    );
    void following(
      () => this.#followSignals(stop.signal),
      stop.signal,
      () => {
        this.#missesSignals = true;
        this.store.dispatch({ type: 'cutOff' });
      },
    );
    const clock = setInterval(() => this.store.dispatch({ type: 'clock', nowMs: Date.now() }), CLOCK_MS);
    return () => {
      stop.abort();
      clearInterval(clock);
      this.#mark();
    };
  };

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Reads the thread at its first unread message; at its end, if there is none. */
  async open(): Promise<Cursor | null> {
    const { thread } = await this.#linnet.query(
      ThreadOpenDocument,
      { id: this.#threadId, last: PAGE },
      { signal: this.#signal },
    );
    if (!thread) return null;
    const { eventCursor: cursor, messages: newest, members } = thread;
    const me = members.nodes.find(({ user }) => user.id === this.#viewerId);
    const { page, asOf, firstUnreadId } = await this.#firstUnread(thread, newest, cursor, me);
    this.store.dispatch({ type: 'opened', thread, cursor, members: members.nodes, page, asOf, firstUnreadId });
    return cursor;
  }

  /** Turns to the first unread message, or the end. */
  readonly openAgain = async (): Promise<void> => {
    await this.#asking(async () => await this.open());
  };

  readonly older = async (): Promise<void> => {
    const { messages, older } = this.store.get();
    const before = messages.window[0]?.at;
    if (before === undefined || !messages.hasOlder || older === 'loading') return;
    await this.#readMore('older', { before, last: PAGE }, (page, asOf) => ({ type: 'older', page, before, asOf }));
  };

  readonly newer = async (): Promise<void> => {
    const { messages, newer } = this.store.get();
    const after = messages.window.at(-1)?.at;
    if (after === undefined || !messages.hasNewer || newer === 'loading') return;
    await this.#readMore('newer', { after, first: PAGE }, (page, asOf) => ({ type: 'newer', page, after, asOf }));
  };

  /** Turns to the page about a message. */
  readonly turnTo = async (messageId: string): Promise<void> => {
    await this.#asking(async () => {
      const [page, asOf] = await this.#page({ around: messageId, first: PAGE });
      this.store.dispatch({ type: 'turned', page, asOf, messageId });
    });
  };

  /** Gives a new address of a file, if it may still be read. */
  readonly addressOf = async (attachmentId: string): Promise<{ url: string; thumbnailUrl: string | null } | null> => {
    const { node } = await this.#linnet.query(AttachmentAddressDocument, { id: attachmentId });
    return node?.__typename === 'Attachment' ? node : null;
  };

  /**
   * The page about the first unread message. Where nothing was ever read, everything since one has joined is unread. If that can't be
   * found, the end is as good.
   */
  async #firstUnread(
    { viewerState }: Thread,
    newest: Page,
    asOf: Cursor,
    me: Participant | undefined,
  ): Promise<{ page: Page; asOf: Cursor; firstUnreadId: string | null }> {
    const atEnd = { page: newest, asOf, firstUnreadId: null };
    if (!viewerState || viewerState.unreadCount === 0) return atEnd;
    const { lastReadCursor } = viewerState;
    const isUnread = (createdAt: string, at?: Cursor): boolean =>
      lastReadCursor === null ? me !== undefined && createdAt >= me.joinedAt : at === undefined || at > lastReadCursor;
    const [oldest] = newest.edges;
    if (oldest && (!newest.pageInfo.hasPreviousPage || !isUnread(oldest.node.createdAt, oldest.cursor))) {
      return {
        ...atEnd,
        firstUnreadId: newest.edges.find(({ node, cursor }) => isUnread(node.createdAt, cursor))?.node.id ?? null,
      };
    }
    const { thread } = await this.#linnet.query(
      FirstMessageDocument,
      { id: this.#threadId, after: lastReadCursor },
      { signal: this.#signal },
    );
    const first = thread?.messages.nodes[0];
    if (!first || !isUnread(first.createdAt)) return atEnd;
    const [page, pageAsOf] = await this.#page({ around: first.id, first: PAGE });
    return { page, asOf: pageAsOf, firstUnreadId: first.id };
  }

  async #page(which: Omit<MessagePageQueryVariables, 'id'>): Promise<[Page, Cursor]> {
    const { thread } = await this.#linnet.query(
      MessagePageDocument,
      { id: this.#threadId, ...which },
      { signal: this.#signal },
    );
    if (!thread) throw new LinnetError('NOT_FOUND', 'There is no such thread (any more).');
    return [thread.messages, thread.eventCursor];
  }

  async #readMore(
    edge: 'older' | 'newer',
    which: Omit<MessagePageQueryVariables, 'id'>,
    action: (page: Page, asOf: Cursor) => ThreadAction,
  ): Promise<void> {
    this.store.dispatch({ type: 'asked', edge });
    try {
      this.store.dispatch(action(...(await this.#page(which))));
    } catch {
      if (!this.#signal.aborted) this.store.dispatch({ type: 'failed', edge });
    }
  }

  /** What could not be read shows as a problem of the whole thread, until something could. */
  async #asking(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (problem) {
      if (!this.#signal.aborted) this.store.dispatch({ type: 'problem', problem });
    }
  }

  // ── Following ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Reads the thread, if it was not, and follows its log from there. True if it has to be read afresh. */
  async #followLog(signal: AbortSignal): Promise<boolean> {
    const { phase, cursor } = this.store.get();
    const open = async () =>
      await untilItWorks(
        () => this.open(),
        signal,
        (problem) => this.store.dispatch({ type: 'problem', problem }),
      );
    const after = phase === 'ready' ? cursor : await open();
    if (after === null) {
      this.store.dispatch({ type: 'gone' });
      return false;
    }
    for await (const frame of this.#linnet.stream(
      ThreadEventsDocument,
      { threadId: this.#threadId, after },
      { signal },
    )) {
      if (frame.__typename === 'StreamReset') {
        this.store.dispatch({ type: 'reset' });
        this.#readUpTo = '';
        return true;
      }
      this.store.dispatch({ type: 'frame', frame, viewerId: this.#viewerId });
      // Whether that was the answer to something, signals may have said, and may not have been heard.
      const isAnswer = frame.__typename === 'MessagePosted' && frame.message?.sender?.kind === 'ASSISTANT';
      if (isAnswer) void this.#readAnswers(this.#pendingQuestions());
    }
    return false;
  }

  /** What passes in these is decoration: without it the thread is still all there. */
  async #followSignals(signal: AbortSignal): Promise<boolean> {
    const stream = this.#linnet.stream(
      ThreadSignalsDocument,
      { threadId: this.#threadId },
      {
        signal,
        onStatus: (status) => {
          if (status === 'waiting') this.#missesSignals = true;
          if (status !== 'open') this.store.dispatch({ type: 'cutOff' });
          else if (this.#missesSignals) {
            this.#missesSignals = false;
            void this.#readAnswers(this.#pendingQuestions());
          }
        },
      },
    );
    for await (const frame of stream) {
      this.store.dispatch({ type: 'signal', signal: frame, nowMs: Date.now() });
      // Why there is no answer, and from when on to ask again, is not among what signals say.
      if (frame.__typename === 'AnswerChanged' && frame.status !== 'ANSWERING')
        void this.#readAnswers([frame.questionId]);
    }
    return false;
  }

  #pendingQuestions(): string[] {
    const { messages, signals } = this.store.get();
    return messages.window
      .map(({ id }) => id)
      .filter((id) => {
        const status = (signals.answers[id] ?? messages.known[id]?.message.assistantAnswer)?.status;
        return status === 'QUEUED' || status === 'ANSWERING' || id in signals.writing;
      });
  }

  async #readAnswers(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    const { nodes } = await this.#linnet
      .query(AnswersDocument, { ids }, { signal: this.#signal })
      .catch(() => ({ nodes: [] }));
    const answers = nodes.flatMap((node) =>
      node?.__typename === 'Message' && node.assistantAnswer ? [[node.id, node.assistantAnswer] as const] : [],
    );
    this.store.dispatch({ type: 'answers', answers });
  }

  // ── Saying how far one has come ────────────────────────────────────────────────────────────────────────────────────

  /** Everything up to here was on the screen. */
  readonly seen = (upTo: Cursor): void => {
    if (upTo <= this.#readUpTo) return;
    this.#readUpTo = upTo;
    clearTimeout(this.#markTimer);
    this.#markTimer = setTimeout(this.#mark, MARK_AFTER_MS);
  };

  readonly #mark = (): void => {
    if (this.#markTimer === undefined) return;
    clearTimeout(this.#markTimer);
    this.#markTimer = undefined;
    const upTo = this.#readUpTo;
    this.#linnet
      .mutate(ThreadMarkReadDocument, { input: { threadId: this.#threadId, upTo } }, { isRepeatable: true })
      // It is said again with the next message that is seen.
      .catch(() => (this.#readUpTo = ''));
  };

  /** Somebody types here: says so, now and then. */
  readonly typing = (): void => {
    if (Date.now() - this.#saidTypingAtMs < TYPING_EVERY_MS) return;
    this.#saidTypingAtMs = Date.now();
    this.#linnet.mutate(TypingSignalDocument, { input: { threadId: this.#threadId } }).catch(() => {});
  };

  // ── Changing ───────────────────────────────────────────────────────────────────────────────────────────────────────
  // What these have changed comes by the stream, as it does to everybody. They throw what was wrong.

  async join(): Promise<void> {
    const { threadJoin } = await this.#linnet.mutate(
      ThreadJoinDocument,
      { input: { id: this.#threadId } },
      { isRepeatable: true },
    );
    accept(threadJoin);
    await this.open();
  }

  async edit({ id, version }: Message, content: string): Promise<void> {
    const input = { id, content, expectedVersion: version };
    accept((await this.#linnet.mutate(MessageEditDocument, { input })).messageEdit);
  }

  async delete({ id }: Message): Promise<void> {
    accept((await this.#linnet.mutate(MessageDeleteDocument, { input: { id } }, { isRepeatable: true })).messageDelete);
  }

  /** Puts an emoji to a message, or takes it back. */
  async react({ id, reactions }: Message, emoji: string): Promise<void> {
    const input = { messageId: id, emoji };
    if (reactions.some((group) => group.emoji === emoji && group.viewerHasReacted)) {
      accept((await this.#linnet.mutate(ReactionRemoveDocument, { input }, { isRepeatable: true })).reactionRemove);
    } else {
      accept((await this.#linnet.mutate(ReactionAddDocument, { input }, { isRepeatable: true })).reactionAdd);
    }
  }

  /** Asks the assistant once more. */
  async askAgain(messageId: string): Promise<void> {
    const { assistantRetry } = await this.#linnet.mutate(AssistantRetryDocument, { input: { messageId } });
    accept(assistantRetry);
    const answer = assistantRetry.message?.assistantAnswer;
    if (answer) this.store.dispatch({ type: 'answers', answers: [[messageId, answer]] });
  }
}

function isGone(problem: unknown): boolean {
  const { code } = LinnetError.of(problem);
  return code === 'NOT_FOUND' || code === 'ACCESS_REVOKED';
}

function accept({ errors }: { errors: Parameters<typeof LinnetError.refused>[0] }): void {
  if (errors.length > 0) throw LinnetError.refused(errors);
}
