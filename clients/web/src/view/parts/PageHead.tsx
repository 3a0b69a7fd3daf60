import { useEffect, useRef, type ReactNode } from 'react';

import { linkTo } from '../route';
import { Icon } from './Icon';
import { usePageTitle } from './title';

/** What a page begins with: the way back, on a phone, and what it is. Whoever comes to the page by the keyboard comes to its heading. */
export function PageHead({ title, note, children }: { title: string; note?: ReactNode; children?: ReactNode }) {
  usePageTitle(title);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <header className="page__head">
      <a className="button button--bare back" aria-label="Back to your conversations" {...linkTo({ page: 'home' })}>
        <Icon name="back" />
      </a>
      {children}
      <div className="page__title">
        <h1 ref={heading} tabIndex={-1} dir="auto">
          {title}
        </h1>
        {note !== undefined && <p className="muted">{note}</p>}
      </div>
    </header>
  );
}
