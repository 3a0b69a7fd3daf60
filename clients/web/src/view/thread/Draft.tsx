import type { UserFieldsFragment as User } from '@linnet/client';

import { Avatar } from '../parts/Avatar';
import { nameOf } from './naming';

/** What the assistant has written so far. Whoever listens to the page hears the whole answer once it is there. */
export function Draft({ user, text }: { user: User; text: string }) {
  return (
    <li className="message" data-first="true" aria-busy="true">
      <Avatar user={user} />
      <div className="message__body">
        <p className="message__who">
          <b>{nameOf(user)}</b> <span className="muted">is writing…</span>
        </p>
        <div className="bubble bubble--draft">
          <p className="bubble__text" dir="auto">{text}</p>
        </div>
      </div>
    </li>
  );
}
