import { useEffect, useState } from 'react';
import { RoomsDocument, type ThreadFieldsFragment as Thread } from '@linnet/client';

import { sentence } from '../../server/problem';
import { Icon } from '../parts/Icon';
import { PageHead } from '../parts/PageHead';
import { linkTo } from '../route';
import { useSignedIn } from '../session/signed-in';

/** The public rooms: to read, and to join. */
export function Rooms() {
  const { linnet } = useSignedIn();
  const [rooms, setRooms] = useState<readonly Thread[] | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    const stop = new AbortController();
    linnet.query(RoomsDocument, { first: 50 }, { signal: stop.signal }).then(
      ({ rooms }) => setRooms(rooms.nodes),
      (cause: unknown) => stop.signal.aborted || setProblem(cause),
    );
    return () => stop.abort();
  }, [linnet]);
  return (
    <>
      <PageHead title="Rooms" note="Open to everybody" />
      <div className="column">
        {problem !== null && <p role="alert">{sentence(problem)}</p>}
        {rooms?.length === 0 && <p className="muted">There are no rooms.</p>}
        <ul className="cards" role="list" aria-busy={rooms === null}>
          {rooms?.map((room) => (
            <li key={room.id}>
              <a className="card" {...linkTo({ page: 'thread', threadId: room.id })}>
                <span className="avatar avatar--many" aria-hidden="true">
                  <Icon name="people" />
                </span>
                <span className="line__text">
                  <span className="line__title" dir="auto">{room.title}</span>
                  <span className="line__last" dir="auto">{room.lastMessage?.content ?? 'Nothing was said yet'}</span>
                </span>
                <span className="muted">
                  {room.viewerState
                    ? 'Joined'
                    : `${room.participantCount} ${room.participantCount === 1 ? 'member' : 'members'}`}
                </span>
              </a>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
