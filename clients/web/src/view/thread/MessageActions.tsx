import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { flushSync } from 'react-dom';
import type { MessageFieldsFragment as Message } from '@linnet/client';

import { ConfirmDelete } from '../parts/Confirm';
import { Icon } from '../parts/Icon';
import { useThreadView } from './thread-view';

const EMOJI = ['👍', '❤️', '😂', '🎉', '😮', '🙏'] as const;

/** What is left free beside the choice. */
const BESIDE_PX = 8;

interface Props {
  readonly message: Message;
  readonly isMine: boolean;
  readonly tabIndex: number;
  readonly onEdit: () => void;
  /** Gives the focus back to the message. */
  readonly onBack: () => void;
}

/** What can be done to a message. */
export function MessageActions({ message, isMine, tabIndex, onEdit, onBack }: Props) {
  const { follower, canSend, canManage, reply, attempt } = useThreadView();
  const [isChoosing, setChoosing] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const emoji = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = emoji;
    if (!isChoosing || !current) return;
    current.querySelector('button')?.focus();
    // Beside the message, but within the page.
    const end = current.closest('.messages')?.getBoundingClientRect().right ?? innerWidth;
    const over = current.getBoundingClientRect().right + BESIDE_PX - end;
    if (over > 0) current.style.marginInlineStart = `${-over}px`;
    const stop = new AbortController();
    const leave = ({ target }: Event): void => {
      if (!(target instanceof Node && current.contains(target))) setChoosing(false);
    };
    for (const turn of ['pointerdown', 'focusin']) document.addEventListener(turn, leave, { signal: stop.signal });
    return () => stop.abort();
  }, [isChoosing]);

  const react = (chosen: string): void => {
    setChoosing(false);
    onBack();
    attempt(follower.react(message, chosen));
  };
  const deleteIt = (): void => {
    // The dialog gives the focus back to a button that is about to go; the message stays.
    flushSync(() => setDeleting(false));
    onBack();
    attempt(follower.delete(message));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    setChoosing(false);
    onBack();
  };
  const mayDelete = isMine || canManage;
  if (!canSend && !mayDelete) return null;
  return (
    <div
      className="actions"
      role="group"
      aria-label="What to do with this message"
      data-open={isChoosing || undefined}
      onKeyDown={onKeyDown}
    >
      {canSend && <Action icon="smile" label="React" tabIndex={tabIndex} onClick={() => setChoosing(true)} />}
      {canSend && <Action icon="reply" label="Reply" tabIndex={tabIndex} onClick={() => reply(message)} />}
      {canSend && isMine && <Action icon="pencil" label="Edit" tabIndex={tabIndex} onClick={onEdit} />}
      {mayDelete && <Action icon="bin" label="Delete" tabIndex={tabIndex} onClick={() => setDeleting(true)} />}
      {isChoosing && (
        <div ref={emoji} className="actions__emoji" role="group" aria-label="Reactions to choose from">
          {EMOJI.map((one) => (
            <button
              key={one}
              type="button"
              className="action"
              aria-label={`React with ${one}`}
              onClick={() => react(one)}
            >
              {one}
            </button>
          ))}
        </div>
      )}
      {isDeleting && <ConfirmDelete what="message" onDelete={deleteIt} onClose={() => setDeleting(false)} />}
    </div>
  );
}

function Action({
  icon,
  label,
  tabIndex,
  onClick,
}: {
  icon: 'smile' | 'reply' | 'pencil' | 'bin';
  label: string;
  tabIndex: number;
  onClick: () => void;
}) {
  return (
    <button type="button" className="action" tabIndex={tabIndex} aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
