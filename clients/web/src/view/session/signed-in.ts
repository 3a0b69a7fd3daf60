import { createContext, useContext } from 'react';
import type { Linnet, UserFieldsFragment as User } from '@linnet/client';

import type { InboxFollower } from '../../follow/inbox';
import type { Outbox } from '../../follow/outbox';

/** What every page has, once somebody is signed in. */
export interface SignedIn {
  readonly linnet: Linnet;
  readonly user: User;
  readonly inbox: InboxFollower;
  readonly outbox: Outbox;
  readonly signOut: () => void;
}

export const SignedInContext = createContext<SignedIn | null>(null);

export function useSignedIn(): SignedIn {
  const signedIn = useContext(SignedInContext);
  if (!signedIn) throw new Error('This is a page for who is signed in.');
  return signedIn;
}
