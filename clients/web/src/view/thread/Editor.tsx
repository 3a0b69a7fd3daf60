import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import type { MessageFieldsFragment as Message } from '@linnet/client';

import { sentence } from '../../server/problem';
import { isEnter } from '../parts/keys';
import { useThreadView } from './thread-view';

/** A message in the hands of who wrote it. */
export function Editor({ message, onDone }: { message: Message; onDone: () => void }) {
  const { follower } = useThreadView();
  const [text, setText] = useState(message.content ?? '');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  // The version that is being changed: if somebody changes it elsewhere meanwhile, that is told.
  const [begun] = useState(message);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);

  const save = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault();
    if (text.trim() === begun.content?.trim()) return onDone();
    setBusy(true);
    setProblem(null);
    try {
      await follower.edit(begun, text.trim());
      onDone();
    } catch (cause) {
      setProblem(cause);
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onDone();
    if (!isEnter(event)) return;
    event.preventDefault();
    void save();
  };
  return (
    <form className="editor" onSubmit={(event) => void save(event)}>
      <textarea
        ref={field}
        aria-label="Edit your message"
        rows={1}
        dir="auto"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <p className="form__problem" role="alert">
        {problem !== null && sentence(problem)}
      </p>
      <div className="editor__choice">
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" className="button button--main" disabled={isBusy || text.trim() === ''}>
          Save
        </button>
      </div>
    </form>
  );
}
