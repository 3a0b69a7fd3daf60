import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { createPortal } from 'react-dom';

import { Icon } from './Icon';

/** A dialog over the page, whatever it belongs to. The browser keeps the focus in it, closes it by Escape, and gives the focus back. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  /** Beside it; who marks a text within it may let go there. */
  const wasPressed = useRef(false);
  useLayoutEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  return createPortal(
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={heading}
      onClose={onClose}
      onPointerDown={({ target }) => (wasPressed.current = target === dialog.current)}
      onClick={({ target }) => target === dialog.current && wasPressed.current && onClose()}
    >
      <div className="dialog__content">
        <header className="dialog__head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="button button--bare" aria-label="Close" onClick={onClose}>
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>,
    document.body,
  );
}
