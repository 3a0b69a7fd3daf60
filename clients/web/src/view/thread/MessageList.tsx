import { useEffect, useMemo, useState, type FocusEvent, type KeyboardEvent } from 'react';
import type { AssistantAnswerFieldsFragment as Answer, ThreadFieldsFragment as Thread } from '@linnet/client';

import { unreadCount } from '../../state/inbox';
import { underWay } from '../../state/outbox';
import type { ThreadState } from '../../state/thread';
import { useStore } from '../parts/follow';
import { Icon } from '../parts/Icon';
import { useSignedIn } from '../session/signed-in';
import { Draft } from './Draft';
import { MessageItem } from './MessageItem';
import { OutgoingItem } from './OutgoingItem';
import { receiptsOf } from './receipts';
import { rowsOf } from './rows';
import { useScrolling } from './scrolling';
import { useThreadView } from './thread-view';

/** What is said in a thread. One goes through it by the arrow keys: one message at a time is among what Tab reaches. */
export function MessageList({ state, thread, sends }: { state: ThreadState; thread: Thread; sends: number }) {
  const { follower, viewerId } = useThreadView();
  const { outbox } = useSignedIn();
  const outgoing = useStore(outbox.store);
  const { messages, members, signals, turn } = state;
  const rows = useMemo(() => rowsOf(state), [messages, state.firstUnreadId]);
  const receipts = useMemo(
    () => receiptsOf(messages, members, thread, viewerId),
    [messages, members, thread, viewerId],
  );
  const ownKeys = useMemo(
    () => new Set(Object.values(messages.known).flatMap(({ message }) => message.clientKey ?? [])),
    [messages.known],
  );
  const waiting = messages.hasNewer ? [] : underWay(outgoing, thread.id, state.cursor, ownKeys);
  const drafts = messages.hasNewer ? [] : Object.entries(signals.writing);
  const unread = unreadCount(thread);

  // What the thread shows by itself now is no longer waited for.
  useEffect(() => {
    const shown = outgoing.filter(
      ({ clientKey, threadId, status }) => threadId === thread.id && status !== 'sending' && ownKeys.has(clientKey),
    );
    const passed = outgoing.filter(
      ({ threadId, place }) => threadId === thread.id && place !== null && place <= state.cursor,
    );
    if (shown.length + passed.length > 0) outbox.forget([...shown, ...passed].map(({ clientKey }) => clientKey));
  }, [outbox, outgoing, ownKeys, state.cursor, thread.id]);

  const { scroller, isAtEnd, toEnd } = useScrolling({
    turn,
    hasOlder: messages.hasOlder && state.older === 'idle',
    hasNewer: messages.hasNewer && state.newer !== 'failed',
    onOlder: follower.older,
    onNewer: follower.newer,
    onSeen: (place) => thread.viewerState && unread > 0 && follower.seen(place),
    content: [rows, waiting.length, drafts.map(([, { text }]) => text).join(), state.older, state.newer, unread > 0],
  });

  // Who writes wants to see it, wherever they were reading.
  useEffect(() => {
    if (sends === 0) return;
    if (messages.hasNewer) void follower.openAgain();
    else toEnd();
  }, [sends]);
  const lastWaiting = waiting.at(-1)?.clientKey;

  const { activeId, onKeyDown, onFocus } = useRovingFocus(
    rows.flatMap((row) => (row.kind === 'message' ? row.key : [])),
  );
  const answerTo = (id: string, told: Answer | null): Answer | null => signals.answers[id] ?? told;
  return (
    <div className="messages">
      <div className="messages__scroller" ref={scroller}>
        <div className="messages__all">
          <Beyond edge={state.older} isThere={messages.hasOlder} what="Older messages" onAgain={follower.older} />
          {rows.length === 0 && waiting.length === 0 && (
            <p className="messages__none muted">Nothing was said yet. Say something.</p>
          )}
          <ol role="list" aria-label="Messages" onKeyDown={onKeyDown} onFocus={onFocus}>
            {rows.map((row) => {
              if (row.kind === 'day')
                return (
                  <li key={row.key} className="divider">
                    {row.label}
                  </li>
                );
              if (row.kind === 'unread')
                return (
                  <li key={row.key} className="divider divider--new">
                    New
                  </li>
                );
              const { message, at, isFirst } = row;
              return (
                <MessageItem
                  key={row.key}
                  message={message}
                  at={at}
                  isFirst={isFirst}
                  isActive={message.id === activeId}
                  isTarget={message.id === turn.messageId && message.id !== state.firstUnreadId}
                  receipt={receipts.get(message.id) ?? null}
                  answer={answerTo(message.id, message.assistantAnswer)}
                />
              );
            })}
            {waiting.map((one) => (
              <OutgoingItem key={one.clientKey} outgoing={one} isLast={one.clientKey === lastWaiting} />
            ))}
            {drafts.map(([questionId, { user, text }]) => (
              <Draft key={questionId} user={user} text={text} />
            ))}
          </ol>
          <Beyond edge={state.newer} isThere={messages.hasNewer} what="Newer messages" onAgain={follower.newer} />
        </div>
      </div>
      {!isAtEnd && (
        <button
          type="button"
          className="button jump"
          onClick={() => (messages.hasNewer || unread > 0 ? void follower.openAgain() : toEnd())}
        >
          <Icon name="down" />
          {unread > 0 ? `${unread} new` : 'Newest'}
        </button>
      )}
    </div>
  );
}

/** What lies beyond an end of the window. */
function Beyond({
  edge,
  isThere,
  what,
  onAgain,
}: {
  edge: ThreadState['older'];
  isThere: boolean;
  what: string;
  onAgain: () => void;
}) {
  if (!isThere) return null;
  return (
    <p className="beyond muted" role="status">
      {edge === 'failed' ? (
        <>
          {what} could not be read.{' '}
          <button type="button" className="button" onClick={onAgain}>
            Try again
          </button>
        </>
      ) : (
        `${what}…`
      )}
    </p>
  );
}

/** One item of a list takes part in Tab; the arrow keys say which. */
function useRovingFocus(ids: readonly string[]) {
  const [chosenId, setChosenId] = useState<string | null>(null);
  const activeId = chosenId !== null && ids.includes(chosenId) ? chosenId : ids.at(-1);
  const onFocus = ({ target }: FocusEvent): void => {
    const id = target.closest('[data-message]')?.id;
    if (id !== undefined && ids.includes(id)) setChosenId(id);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !(event.target instanceof HTMLElement) || !event.target.matches('[data-message]')) return;
    event.preventDefault();
    const place = Math.min(ids.length - 1, Math.max(0, ids.indexOf(event.target.id) + step));
    const item = document.getElementById(ids[place] ?? '');
    item?.focus({ preventScroll: true });
    item?.scrollIntoView({ block: 'nearest' });
  };
  return { activeId, onFocus, onKeyDown };
}
