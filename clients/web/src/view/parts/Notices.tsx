import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';

import { sentence } from '../../server/problem';
import { Icon } from './Icon';

const SHOWN_MS = 10_000;

const Tell = createContext<(problem: unknown) => void>(() => {});

/** Tells of a problem at the foot of the page, and to who listens to it. */
export function useTell(): (problem: unknown) => void {
  return useContext(Tell);
}

export function Notices({ children }: { children: ReactNode }) {
  const [text, setText] = useState('');
  const tell = useCallback((problem: unknown) => setText(sentence(problem)), []);
  useEffect(() => {
    const timer = setTimeout(() => setText(''), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <Tell value={tell}>
      {children}
      <div className="notice" role="alert" data-shown={text !== '' || undefined}>
        {text !== '' && (
          <>
            <span>{text}</span>
            <button type="button" className="button button--bare" aria-label="Dismiss" onClick={() => setText('')}>
              <Icon name="cross" />
            </button>
          </>
        )}
      </div>
    </Tell>
  );
}
