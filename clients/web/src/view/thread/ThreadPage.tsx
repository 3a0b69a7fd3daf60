import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { MessageFieldsFragment as Message, ThreadFieldsFragment as Thread } from '@linnet/client';

import { ThreadFollower } from '../../follow/thread';
import { sentence } from '../../server/problem';
import type { ThreadState } from '../../state/thread';
import { Avatar } from '../parts/Avatar';
import { useFollower, useStore } from '../parts/follow';
import { Icon } from '../parts/Icon';
import { News } from '../parts/News';
import { useTell } from '../parts/Notices';
import { PageHead } from '../parts/PageHead';
import { day } from '../parts/time';
import { linkTo } from '../route';
import { useSignedIn } from '../session/signed-in';
import { Composer } from './Composer';
import { MessageList } from './MessageList';
import { list, nameOf, others, titleOf } from './naming';
import { ThreadViewContext, type ThreadView } from './thread-view';

/** One thread: who is there, what is said, and where to say something. */
export function ThreadPage({ threadId }: { threadId: string }) {
  const { linnet, user, inbox } = useSignedIn();
  const follower = useFollower(() => new ThreadFollower(linnet, threadId, user.id), [linnet, threadId, user.id]);
  const state = useStore(follower.store);
  const listed = useStore(inbox.store).threads[threadId];
  // The inbox tells of what is one's own in a thread: the count, the role, whether one may write.
  const thread = listed ?? state.thread;
  if (state.phase === 'gone') return <Gone />;
  if (state.phase === 'loading' || !thread) {
    return (
      <div className="blank" aria-busy="true">
        <p role="status">{state.problem === null ? '' : sentence(state.problem)}</p>
      </div>
    );
  }
  return <OpenThread follower={follower} state={state} thread={thread} />;
}

function OpenThread({ follower, state, thread }: { follower: ThreadFollower; state: ThreadState; thread: Thread }) {
  const { user } = useSignedIn();
  const tell = useTell();
  const [parent, setParent] = useState<Message | null>(null);
  /** How often something was sent from this page. */
  const [sends, setSends] = useState(0);
  const composer = useRef<HTMLTextAreaElement>(null);
  const canSend = thread.viewerState?.canSend ?? false;
  const canManage = thread.viewerState?.canManage ?? false;
  const attempt = useCallback((work: Promise<unknown>) => void work.catch(tell), [tell]);
  const reply = useCallback((message: Message) => {
    setParent(message);
    composer.current?.focus();
  }, []);
  const view = useMemo<ThreadView>(
    () => ({ follower, viewerId: user.id, canSend, canManage, isGuest: user.kind === 'GUEST', reply, attempt }),
    [follower, user, canSend, canManage, reply, attempt],
  );
  useEffect(() => {
    if (state.problem !== null) tell(state.problem);
  }, [state.problem, tell]);
  const news = state.newsId === null ? undefined : state.messages.known[state.newsId]?.message;
  return (
    <ThreadViewContext value={view}>
      <Head thread={thread} state={state} viewerId={user.id} />
      <MessageList state={state} thread={thread} sends={sends} />
      <Typing state={state} viewerId={user.id} />
      {canSend ? (
        <Composer
          thread={thread}
          parent={parent}
          onParent={setParent}
          onSend={() => setSends(sends + 1)}
          state={state}
          field={composer}
        />
      ) : (
        <Closed thread={thread} onJoin={() => attempt(follower.join())} />
      )}
      <News id={news?.id ?? null} text={news ? `${nameOf(news.sender)}: ${news.content ?? 'Message deleted'}` : ''} />
    </ThreadViewContext>
  );
}

function Head({ thread, state, viewerId }: { thread: Thread; state: ThreadState; viewerId: string }) {
  const [other = null] = others(thread, viewerId);
  const { present } = state.signals;
  const isOnline = other !== null && other.id in present;
  return (
    <PageHead title={titleOf(thread, viewerId)} note={presence(thread, state, viewerId)}>
      {thread.kind === 'DIRECT' ? (
        <Avatar user={other} isOnline={isOnline} />
      ) : (
        <span className="avatar avatar--many" aria-hidden="true">
          <Icon name="people" />
        </span>
      )}
    </PageHead>
  );
}

function presence(thread: Thread, { signals, members }: ThreadState, viewerId: string): string {
  const [other] = others(thread, viewerId);
  if (thread.kind === 'DIRECT') {
    if (!other) return '';
    if (other.kind === 'ASSISTANT') return 'Answers by itself';
    if (other.id in signals.present) return 'Here now';
    const seen = signals.lastSeen[other.id];
    return seen ? `Last here ${day(seen).toLowerCase()}` : 'Not here now';
  }
  const here = Object.values(signals.present).filter(({ id }) => id !== viewerId);
  const all =
    thread.kind === 'GROUP' ? Math.max(Object.keys(members).length, thread.participantCount) : thread.participantCount;
  const count = `${all} ${all === 1 ? 'member' : 'members'}`;
  if (here.length === 0) return count;
  return here.length > 3 ? `${count}, ${here.length} here now` : `${count}, ${list(here.map(nameOf))} here now`;
}

function Typing({ state, viewerId }: { state: ThreadState; viewerId: string }) {
  const names = Object.values(state.signals.typing).flatMap(({ user }) => (user.id === viewerId ? [] : [nameOf(user)]));
  return (
    <p className="typing muted">
      {names.length === 1 && `${names[0]} is writing…`}
      {names.length > 1 && (names.length > 3 ? 'Several people are writing…' : `${list(names)} are writing…`)}
    </p>
  );
}

/** Why nothing can be written here. */
function Closed({ thread, onJoin }: { thread: Thread; onJoin: () => void }) {
  if (thread.kind === 'ROOM' && !thread.viewerState) {
    return (
      <div className="closed">
        <button type="button" className="button button--main" onClick={onJoin}>
          Join this room
        </button>
      </div>
    );
  }
  return (
    <p className="closed muted">
      {thread.archivedAt === null ? 'You can’t write here.' : 'This conversation is archived.'}
    </p>
  );
}

function Gone() {
  return (
    <div className="blank">
      <h1 tabIndex={-1} ref={(heading) => heading?.focus()}>
        This conversation is not here
      </h1>
      <p className="muted">It doesn’t exist, or you can’t read it any more.</p>
      <a className="button" {...linkTo({ page: 'home' })}>
        To your conversations
      </a>
    </div>
  );
}
