import { useEffect, useMemo } from 'react';
import type { UserFieldsFragment as User } from '@linnet/client';

import { InboxFollower } from '../follow/inbox';
import { Outbox } from '../follow/outbox';
import type { Session } from '../follow/session';
import { sentence } from '../server/problem';
import { unreadThreads } from '../state/inbox';
import { Feed } from './feed/Feed';
import { Inbox } from './inbox/Inbox';
import { Rooms } from './inbox/Rooms';
import { useFollower, useStore } from './parts/follow';
import { Mark } from './parts/Icon';
import { Notices } from './parts/Notices';
import { useUnreadTitle } from './parts/title';
import { linkTo, navigate, useRoute, type Route } from './route';
import { SignIn } from './session/SignIn';
import { SignedInContext, type SignedIn } from './session/signed-in';
import { ThreadPage } from './thread/ThreadPage';

export function App({ session }: { session: Session }) {
  useEffect(session.start, [session]);
  const who = useStore(session.store);
  switch (who.is) {
    case 'unknown':
      return <Blank says={who.problem === null ? '' : sentence(who.problem)} />;
    case 'leaving':
      return <Blank says="Signing out…" />;
    case 'nobody':
      return <SignIn session={session} hasEnded={who.hasEnded} />;
    case 'somebody':
      return <House key={who.user.id} session={session} user={who.user} />;
  }
}

/** What there is to see before it is known who looks. */
function Blank({ says }: { says: string }) {
  return (
    <main className="blank" aria-busy="true">
      <Mark />
      <p role="status">{says}</p>
    </main>
  );
}

/** Everything that somebody sees who is signed in: the list of threads, and a page beside it; on a phone one of the two. */
function House({ session, user }: { session: Session; user: User }) {
  const { linnet, signOut } = session;
  const inbox = useFollower(() => new InboxFollower(linnet), [linnet]);
  const outbox = useFollower(() => new Outbox(linnet, user.id), [linnet, user.id]);
  const signedIn = useMemo<SignedIn>(
    () => ({
      linnet,
      user,
      inbox,
      outbox,
      signOut: () => {
        outbox.stop();
        navigate({ page: 'home' });
        void signOut();
      },
    }),
    [linnet, user, inbox, outbox, signOut],
  );
  const threads = useStore(inbox.store);
  useUnreadTitle(unreadThreads(threads));
  const route = useRoute();
  return (
    <SignedInContext value={signedIn}>
      <Notices>
        <p className="banner" role="status">
          {threads.isCutOff && 'The connection is away. Trying again…'}
        </p>
        <div className="house" data-page={route.page}>
          <Inbox />
          <main className="page">
            <Page route={route} />
          </main>
        </div>
      </Notices>
    </SignedInContext>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'thread':
      return <ThreadPage key={route.threadId} threadId={route.threadId} />;
    case 'rooms':
      return <Rooms />;
    case 'chirps':
      return <Feed />;
    case 'home':
      return (
        <div className="blank">
          <Mark />
          <h1>Whom do you want to talk to?</h1>
          <p className="muted">Choose a conversation, or begin one.</p>
        </div>
      );
    case 'nowhere':
      return (
        <div className="blank">
          <h1>There is nothing here</h1>
          <a className="button" {...linkTo({ page: 'home' })}>
            To your conversations
          </a>
        </div>
      );
  }
}
