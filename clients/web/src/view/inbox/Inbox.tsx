import { useState } from 'react';
import type { ThreadFieldsFragment as Thread } from '@linnet/client';

import { sentence } from '../../server/problem';
import { isMuted, listed, unreadCount } from '../../state/inbox';
import { Avatar } from '../parts/Avatar';
import { useStore } from '../parts/follow';
import { Icon, Mark } from '../parts/Icon';
import { Sentinel } from '../parts/Sentinel';
import { Time } from '../parts/time';
import { linkTo, useRoute } from '../route';
import { useSignedIn } from '../session/signed-in';
import { nameOf, others, titleOf } from '../thread/naming';
import { NewThread } from './NewThread';

/** The list of one's threads, and the ways to everything else. */
export function Inbox() {
  const { inbox, user, signOut } = useSignedIn();
  const state = useStore(inbox.store);
  const route = useRoute();
  const [isBeginning, setBeginning] = useState(false);
  const threads = listed(state);
  const currentId = route.page === 'thread' ? route.threadId : null;
  return (
    <div className="side">
      <header className="side__head">
        <a className="brand" {...linkTo({ page: 'home' })}>
          <Mark />
          Linnet
        </a>
        {user.kind !== 'GUEST' && (
          <button type="button" className="button" onClick={() => setBeginning(true)}>
            <Icon name="plus" />
            New
          </button>
        )}
      </header>
      <nav className="ways" aria-label="Places">
        <a {...linkTo({ page: 'rooms' })} aria-current={route.page === 'rooms' ? 'page' : undefined}>
          <Icon name="people" />
          Rooms
        </a>
        <a {...linkTo({ page: 'chirps' })} aria-current={route.page === 'chirps' ? 'page' : undefined}>
          <Icon name="feed" />
          Chirps
        </a>
      </nav>
      <nav className="threads" aria-label="Conversations" aria-busy={!state.isRead}>
        {threads.length > 0 && (
          <ul role="list">
            {threads.map((thread) => (
              <Line key={thread.id} thread={thread} viewerId={user.id} isCurrent={thread.id === currentId} />
            ))}
          </ul>
        )}
        {state.isRead && threads.length === 0 && (
          <p className="muted threads__none">
            {user.kind === 'GUEST' ? 'Guests talk in rooms.' : 'No conversations yet.'}
          </p>
        )}
        {state.problem !== null && (
          <p className="muted threads__none" role="status">
            {sentence(state.problem)}
          </p>
        )}
        {state.nextPage !== null && <Sentinel key={state.nextPage} onNear={inbox.more} label="Show more" />}
      </nav>
      <footer className="side__foot">
        <Avatar user={user} size="small" />
        <span className="side__me">
          {nameOf(user)}
          {user.kind === 'GUEST' && <small className="muted">Guest</small>}
        </span>
        <button type="button" className="button button--bare" aria-label="Sign out" title="Sign out" onClick={signOut}>
          <Icon name="door" />
        </button>
      </footer>
      {isBeginning && <NewThread onClose={() => setBeginning(false)} />}
    </div>
  );
}

function Line({ thread, viewerId, isCurrent }: { thread: Thread; viewerId: string; isCurrent: boolean }) {
  const unread = unreadCount(thread);
  const [other = null] = others(thread, viewerId);
  return (
    <li>
      <a
        className="line"
        {...linkTo({ page: 'thread', threadId: thread.id })}
        aria-current={isCurrent ? 'page' : undefined}
        data-unread={unread > 0 || undefined}
        data-muted={isMuted(thread) || undefined}
      >
        {thread.kind === 'DIRECT' ? (
          <Avatar user={other} />
        ) : (
          <span className="avatar avatar--many" aria-hidden="true">
            <Icon name="people" />
          </span>
        )}
        <span className="line__text">
          <span className="line__title" dir="auto">{titleOf(thread, viewerId)}</span>
          <span className="line__last" dir="auto">{last(thread, viewerId)}</span>
        </span>
        <span className="line__end">
          {thread.lastMessageAt && <Time at={thread.lastMessageAt} />}
          {unread > 0 && (
            <span className="badge">
              {unread > 999 ? '999+' : unread}
              <span className="unseen"> unread</span>
            </span>
          )}
        </span>
      </a>
    </li>
  );
}

function last({ lastMessage, kind }: Thread, viewerId: string): string {
  if (!lastMessage) return 'Nothing was said yet';
  const text = lastMessage.deletedAt !== null ? 'Message deleted' : (lastMessage.content ?? '');
  if (lastMessage.sender?.id === viewerId) return `You: ${text}`;
  return kind === 'DIRECT' ? text : `${nameOf(lastMessage.sender)}: ${text}`;
}
