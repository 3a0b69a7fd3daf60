import { Button } from '@graphiql/react';
import { useSyncExternalStore } from 'react';

import { session, signOut } from './session.js';

/** The line that says who is signed in. */
export function Account() {
  const current = useSyncExternalStore(session.subscribe, session.current);
  const notice = useSyncExternalStore(session.subscribe, session.notice);
  if (!current) {
    return (
      <div className="linnet-account" role="status">
        <span>
          {notice && <strong>{notice} </strong>}
          Nobody is signed in. Run ComeAsGuest, SignUp or SignIn: the token is kept here, and goes with every request and every socket.
        </span>
      </div>
    );
  }
  return (
    <div className="linnet-account" role="status">
      <span>
        Signed in as <strong>{current.username ?? '…'}</strong>
        {current.isGuest && ' (guest)'}. Every request and socket carries{' '}
        <code title={`Authorization: Bearer ${current.accessToken}`}>
          Authorization: Bearer {current.accessToken.slice(0, 12)}…
        </code>
        , unless the Headers pane says otherwise.
      </span>
      <Button onClick={() => void navigator.clipboard?.writeText(`Authorization: Bearer ${current.accessToken}`)}>
        Copy header
      </Button>
      <Button onClick={() => void signOut()}>Sign out</Button>
    </div>
  );
}
