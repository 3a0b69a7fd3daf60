import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import {
  AssistantDocument,
  LinnetError,
  ThreadCreateDocument,
  UsersDocument,
  type ThreadCreateInput,
  type UserFieldsFragment as User,
} from '@linnet/client';

import { sentence } from '../../server/problem';
import { Avatar } from '../parts/Avatar';
import { Dialog } from '../parts/Dialog';
import { navigate } from '../route';
import { useSignedIn } from '../session/signed-in';
import { nameOf } from '../thread/naming';

/** Letters are gathered for so long before names are searched for. */
const SEARCH_AFTER_MS = 200;

/** Begins a conversation: with one it is a direct thread, with more a group. */
export function NewThread({ onClose }: { onClose: () => void }) {
  const { linnet, user } = useSignedIn();
  const [search, setSearch] = useState('');
  const [found, setFound] = useState<readonly User[]>([]);
  const [assistant, setAssistant] = useState<User | null>(null);
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [title, setTitle] = useState('');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => field.current?.focus(), []);

  useEffect(() => {
    linnet.query(AssistantDocument).then(({ assistant }) => setAssistant(assistant?.user ?? null), setProblem);
  }, [linnet]);

  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      linnet.query(UsersDocument, { search: search.trim() || null, first: 20 }, { signal: stop.signal }).then(
        ({ users }) => setFound(users.nodes.filter((one) => one.id !== user.id && one.kind === 'HUMAN')),
        (cause: unknown) => stop.signal.aborted || setProblem(cause),
      );
    }, SEARCH_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [linnet, search, user.id]);

  const begin = async (input: ThreadCreateInput): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const { threadCreate } = await linnet.mutate(ThreadCreateDocument, { input });
      if (!threadCreate.thread) throw LinnetError.refused(threadCreate.errors);
      onClose();
      navigate({ page: 'thread', threadId: threadCreate.thread.id });
    } catch (cause) {
      setProblem(cause);
      setBusy(false);
    }
  };

  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    const [first, ...rest] = chosen;
    if (!first) return;
    const participantIds = chosen.map((one) => one.id);
    void begin(
      rest.length === 0 ? { direct: { userId: first.id } } : { group: { participantIds, title: title.trim() || null } },
    );
  };

  const choose = (one: User, isChosen: boolean): void =>
    setChosen(isChosen ? [...chosen, one] : chosen.filter((other) => other.id !== one.id));

  // Those who are chosen stay in sight, whoever is searched for now.
  const offered = [...chosen, ...found.filter((one) => !chosen.some((other) => other.id === one.id))];
  return (
    <Dialog title="New conversation" onClose={onClose}>
      <form className="form" onSubmit={onSubmit}>
        {assistant && (
          <button
            type="button"
            className="person"
            disabled={isBusy}
            onClick={() => void begin({ direct: { userId: assistant.id } })}
          >
            <Avatar user={assistant} />
            <span>
              Ask {nameOf(assistant)}
              <small className="muted">Answers by itself</small>
            </span>
          </button>
        )}
        <div className="field">
          <label htmlFor={id}>Who?</label>
          <input
            id={id}
            type="search"
            value={search}
            placeholder="A name"
            ref={field}
            onChange={(event) => setSearch(event.target.value)}
          />
        </div>
        <fieldset className="people">
          <legend className="unseen">People</legend>
          {offered.map((one) => (
            <label key={one.id} className="person">
              <input
                type="checkbox"
                checked={chosen.some((other) => other.id === one.id)}
                onChange={(event) => choose(one, event.target.checked)}
              />
              <Avatar user={one} />
              <span>
                {nameOf(one)}
                <small className="muted">@{one.username}</small>
              </span>
            </label>
          ))}
          <p className="muted" role="status">
            {offered.length === 0 && search !== '' ? 'Nobody is called so.' : ''}
          </p>
        </fieldset>
        {chosen.length > 1 && (
          <div className="field">
            <label htmlFor={`${id}-title`}>What is the group called? (optional)</label>
            <input
              id={`${id}-title`}
              value={title}
              maxLength={255}
              onChange={(event) => setTitle(event.target.value)}
            />
          </div>
        )}
        <p className="form__problem" role="alert">
          {problem !== null && sentence(problem)}
        </p>
        <button type="submit" className="button button--main" disabled={isBusy || chosen.length === 0}>
          {chosen.length > 1 ? `Make a group of ${chosen.length + 1}` : 'Begin'}
        </button>
      </form>
    </Dialog>
  );
}
