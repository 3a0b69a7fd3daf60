import { useId, useRef, useState, type FormEvent } from 'react';
import { flushSync } from 'react-dom';
import { newClientKey, type ChirpFieldsFragment as Chirp } from '@linnet/client';

import { FeedFollower } from '../../follow/feed';
import { sentence } from '../../server/problem';
import { Avatar } from '../parts/Avatar';
import { ConfirmDelete } from '../parts/Confirm';
import { useFollower, useStore } from '../parts/follow';
import { Icon } from '../parts/Icon';
import { News } from '../parts/News';
import { useTell } from '../parts/Notices';
import { PageHead } from '../parts/PageHead';
import { Sentinel } from '../parts/Sentinel';
import { Time } from '../parts/time';
import { useSignedIn } from '../session/signed-in';
import { nameOf } from '../thread/naming';

/** The server's bound, in characters. */
const LONGEST = 255;

/** The feed: what everybody says to everybody, as it is said. */
export function Feed() {
  const { linnet, user } = useSignedIn();
  const tell = useTell();
  const feed = useFollower(() => new FeedFollower(linnet, user.id), [linnet, user.id]);
  const state = useStore(feed.store);
  const chirps = state.order.flatMap((id) => state.chirps[id] ?? []).filter(({ author }) => !author.viewerHasBlocked);
  const news = state.newsId === null ? undefined : state.chirps[state.newsId];
  return (
    <>
      <PageHead title="Chirps" note="Said to everybody" />
      <div className="column">
        <Post feed={feed} />
        <p className="muted" role="status">
          {state.problem !== null && sentence(state.problem)}
        </p>
        <ul className="chirps" role="list" aria-label="Chirps" aria-busy={!state.isRead}>
          {chirps.map((chirp) => (
            <ChirpItem
              key={chirp.id}
              chirp={chirp}
              onDelete={chirp.author.id === user.id ? () => void feed.delete(chirp.id).catch(tell) : null}
            />
          ))}
        </ul>
        {state.isRead && chirps.length === 0 && <p className="muted">Nobody has said anything yet.</p>}
        {state.nextPage !== null && <Sentinel key={state.nextPage} onNear={feed.older} label="Show older" />}
      </div>
      <News id={news?.id ?? null} text={news ? `${nameOf(news.author)}: ${news.message}` : ''} />
    </>
  );
}

/** Says something. The key stays the same until it is said, so trying again never says it twice. */
function Post({ feed }: { feed: FeedFollower }) {
  const { user } = useSignedIn();
  const [text, setText] = useState('');
  const [clientKey, setClientKey] = useState(newClientKey);
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const left = LONGEST - Array.from(text.trim()).length;

  const post = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await feed.post(text.trim(), clientKey);
      setText('');
      setClientKey(newClientKey());
    } catch (cause) {
      setProblem(cause);
    } finally {
      setBusy(false);
    }
  };
  const write = (next: string): void => {
    setText(next);
    // Something else is another chirp; what was tried may have got through.
    if (problem !== null) setClientKey(newClientKey());
    setProblem(null);
  };
  return (
    <form className="post" onSubmit={(event) => void post(event)}>
      <Avatar user={user} />
      <div className="post__text">
        <label htmlFor={id} className="unseen">
          Say something to everybody
        </label>
        <textarea
          id={id}
          rows={2}
          dir="auto"
          placeholder="What do you want to say?"
          value={text}
          readOnly={isBusy}
          onChange={(event) => write(event.target.value)}
        />
        <p className="form__problem" role="alert">
          {problem !== null && sentence(problem)}
        </p>
        <div className="post__end">
          <span className="muted" data-over={left < 0 || undefined}>
            {left < 50 && `${left} left`}
          </span>
          <button type="submit" className="button button--main" disabled={isBusy || text.trim() === '' || left < 0}>
            Chirp
          </button>
        </div>
      </div>
    </form>
  );
}

function ChirpItem({ chirp, onDelete }: { chirp: Chirp; onDelete: (() => void) | null }) {
  const { author, message, createdAt, version } = chirp;
  const [isDeleting, setDeleting] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const deleteIt = (): void => {
    // The button that the dialog gives the focus back to is about to go; what comes next takes its place.
    flushSync(() => setDeleting(false));
    const next = item.current?.nextElementSibling ?? item.current?.previousElementSibling;
    if (next instanceof HTMLElement) next.focus();
    onDelete?.();
  };
  return (
    <li ref={item} className="chirp" tabIndex={-1}>
      <Avatar user={author} />
      <div className="chirp__body">
        <p className="message__who">
          <b>{nameOf(author)}</b> <span className="muted">@{author.username}</span> <Time at={createdAt} />
          {version > 1 && <small className="muted"> (edited)</small>}
        </p>
        <p className="chirp__text" dir="auto">{message}</p>
      </div>
      {onDelete && (
        <button
          type="button"
          className="button button--bare"
          aria-label="Delete this chirp"
          title="Delete"
          onClick={() => setDeleting(true)}
        >
          <Icon name="bin" />
        </button>
      )}
      {isDeleting && <ConfirmDelete what="chirp" onDelete={deleteIt} onClose={() => setDeleting(false)} />}
    </li>
  );
}
