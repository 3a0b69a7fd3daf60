import { createContext, useContext } from 'react';
import type { MessageFieldsFragment as Message } from '@linnet/client';

import type { ThreadFollower } from '../../follow/thread';

/** What the parts of a thread's page have in common. It does not change with each frame, so messages are not drawn anew for it. */
export interface ThreadView {
  readonly follower: ThreadFollower;
  readonly viewerId: string;
  readonly canSend: boolean;
  readonly canManage: boolean;
  readonly isGuest: boolean;
  /** Begins a reply to a message. */
  readonly reply: (message: Message) => void;
  /** Does something that may be refused, and tells if it was. */
  readonly attempt: (work: Promise<unknown>) => void;
}

export const ThreadViewContext = createContext<ThreadView | null>(null);

export function useThreadView(): ThreadView {
  const view = useContext(ThreadViewContext);
  if (!view) throw new Error('This is a part of a thread’s page.');
  return view;
}
