import { memo, useRef, useState } from 'react';
import type { AssistantAnswerFieldsFragment as Answer, Cursor, MessageFieldsFragment as Message } from '@linnet/client';

import { Avatar } from '../parts/Avatar';
import { Clock } from '../parts/time';
import { AnswerNote } from './AnswerNote';
import { Attachments } from './Attachments';
import { Editor } from './Editor';
import { MessageActions } from './MessageActions';
import { nameOf } from './naming';
import { Quote } from './Quote';
import { useThreadView } from './thread-view';
import { Words } from './Words';

interface Props {
  readonly message: Message;
  readonly at: Cursor;
  /** The first of those that one has said together. */
  readonly isFirst: boolean;
  /** The one that Tab reaches, with what can be done to it. */
  readonly isActive: boolean;
  /** The one that was turned to. */
  readonly isTarget: boolean;
  readonly receipt: string | null;
  readonly answer: Answer | null;
}

export const MessageItem = memo(function MessageItem({
  message,
  at,
  isFirst,
  isActive,
  isTarget,
  receipt,
  answer,
}: Props) {
  const { follower, viewerId, attempt } = useThreadView();
  const [isEditing, setEditing] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const { id, sender, parent, content, deletedAt, editedAt, createdAt, attachments, reactions } = message;
  const isMine = sender?.id === viewerId;
  const isDeleted = deletedAt !== null;
  const tabIndex = isActive ? 0 : -1;

  const stopEditing = (): void => {
    setEditing(false);
    item.current?.focus();
  };
  const turnToParent = (): void => {
    if (!parent) return;
    const shown = document.getElementById(parent.id);
    if (!shown) return void follower.turnTo(parent.id);
    shown.scrollIntoView({ block: 'center' });
    shown.focus({ preventScroll: true });
  };

  return (
    <li
      ref={item}
      id={id}
      className="message"
      tabIndex={tabIndex}
      aria-labelledby={`${id}-who ${id}-text`}
      data-message=""
      data-place={at}
      data-mine={isMine || undefined}
      data-first={isFirst || undefined}
      data-target={isTarget || undefined}
    >
      {!isMine && (isFirst ? <Avatar user={sender} /> : <span className="avatar-gap" />)}
      <div className="message__body">
        <p id={`${id}-who`} className={isFirst ? 'message__who' : 'unseen'}>
          <b className={isMine ? 'unseen' : undefined}>{isMine ? 'You' : nameOf(sender)}</b> <Clock at={createdAt} />
        </p>
        {parent && <Quote parent={parent} isActive={isActive} onTurn={turnToParent} />}
        {isEditing && !isDeleted ? (
          <Editor message={message} onDone={stopEditing} />
        ) : (
          <div className="bubble" data-deleted={isDeleted || undefined}>
            <p id={`${id}-text`} className="bubble__text" dir="auto">
              {isDeleted ? 'Message deleted' : <Words text={content ?? ''} isActive={isActive} />}
              {editedAt !== null && !isDeleted && <small className="muted"> (edited)</small>}
            </p>
            <Attachments attachments={attachments} tabIndex={tabIndex} />
          </div>
        )}
        {reactions.length > 0 && (
          <ul className="reactions" role="list" aria-label="Reactions">
            {reactions.map(({ emoji, count, viewerHasReacted }) => (
              <li key={emoji}>
                <button
                  type="button"
                  className="reaction"
                  tabIndex={tabIndex}
                  aria-pressed={viewerHasReacted}
                  aria-label={`${emoji}, ${count} ${count === 1 ? 'person' : 'people'}`}
                  onClick={() => attempt(follower.react(message, emoji))}
                >
                  {emoji} <span>{count}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        {answer && <AnswerNote answer={answer} message={message} tabIndex={tabIndex} />}
        {receipt !== null && <p className="message__note muted">{receipt}</p>}
      </div>
      {!isDeleted && !isEditing && (
        <MessageActions
          message={message}
          isMine={isMine}
          tabIndex={tabIndex}
          onEdit={() => setEditing(true)}
          onBack={() => item.current?.focus()}
        />
      )}
    </li>
  );
});
