import { useId, useRef, useState, type FormEvent } from 'react';
import { LinnetError } from '@linnet/client';

import type { Session } from '../../follow/session';
import { sentence } from '../../server/problem';
import { Mark } from '../parts/Icon';
import { navigate } from '../route';

type Way = 'signIn' | 'signUp' | 'guest';

const WAYS: readonly { way: Way; label: string; submit: string }[] = [
  { way: 'signIn', label: 'Sign in', submit: 'Sign in' },
  { way: 'signUp', label: 'Sign up', submit: 'Make an account' },
  { way: 'guest', label: 'Guest', submit: 'Come in as a guest' },
];

/** The page for whoever is not signed in. */
export function SignIn({ session, hasEnded }: { session: Session; hasEnded: boolean }) {
  const [way, setWay] = useState<Way>('signIn');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { submit } = WAYS.find((one) => one.way === way) ?? { submit: '' };

  const enter = async (data: FormData): Promise<void> => {
    const text = (name: string): string => String(data.get(name) ?? '');
    const [username, password] = [text('username').trim(), text('password')];
    if (way === 'signIn') await session.signIn({ login: username, password });
    else if (way === 'signUp') await session.signUp({ username, email: text('email').trim(), password });
    else {
      const threadId = await session.comeAsGuest(username);
      if (threadId) navigate({ page: 'thread', threadId });
    }
  };

  const onSubmit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await enter(new FormData(event.currentTarget));
    } catch (cause) {
      setProblem(cause);
      const field = LinnetError.of(cause).inputErrors[0]?.path.at(-1) ?? (way === 'signIn' ? 'password' : 'username');
      form.current?.querySelector<HTMLInputElement>(`[name="${field === 'login' ? 'username' : field}"]`)?.focus();
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <div className="sign-in__card">
        <Mark />
        <h1>Linnet</h1>
        <p className="muted">
          {hasEnded ? 'Your session has ended. Sign in again.' : 'Talk to people, in your own house.'}
        </p>
        <div className="ways" role="group" aria-label="How to come in">
          {WAYS.map((one) => (
            <button
              key={one.way}
              type="button"
              aria-pressed={one.way === way}
              onClick={() => (setWay(one.way), setProblem(null))}
            >
              {one.label}
            </button>
          ))}
        </div>
        {/* The form of each way is its own: what was typed into one is not an error of another. */}
        <form key={way} ref={form} className="form" onSubmit={(event) => void onSubmit(event)}>
          <Field
            name="username"
            label={way === 'signIn' ? 'Username or email' : 'Username'}
            hint={way === 'guest' ? 'A name is enough to talk in public rooms.' : undefined}
            autoComplete="username"
            problem={problem}
          />
          {way === 'signUp' && <Field name="email" label="Email" type="email" autoComplete="email" problem={problem} />}
          {way !== 'guest' && (
            <Field
              name="password"
              label="Password"
              type="password"
              hint={way === 'signUp' ? 'At least eight characters.' : undefined}
              autoComplete={way === 'signUp' ? 'new-password' : 'current-password'}
              problem={problem}
            />
          )}
          <p className="form__problem" role="alert">
            {problem !== null && sentence(problem)}
          </p>
          <button type="submit" className="button button--main" disabled={isBusy}>
            {submit}
          </button>
        </form>
      </div>
    </main>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: string;
  readonly hint?: string | undefined;
  readonly autoComplete: string;
  readonly problem: unknown;
}

function Field({ name, label, type = 'text', hint, autoComplete, problem }: FieldProps) {
  const id = useId();
  const field = problem === null ? undefined : LinnetError.of(problem).inputErrors[0]?.path.at(-1);
  const isWrong = field === name || (field === 'login' && name === 'username');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        required
        aria-invalid={isWrong || undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      {hint && (
        <p id={`${id}-hint`} className="muted">
          {hint}
        </p>
      )}
    </div>
  );
}
