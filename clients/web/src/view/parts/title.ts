// What the window is called: the page, and how many threads have something new.

import { useEffect } from 'react';

const NAME = 'Linnet';
let page: string | null = null;
let unread = 0;

/** While this page is shown. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    page = title;
    show();
    return () => {
      page = null;
      show();
    };
  }, [title]);
}

/** For whoever is in another tab. */
export function useUnreadTitle(threads: number): void {
  useEffect(() => {
    unread = threads;
    show();
    return () => {
      unread = 0;
      show();
    };
  }, [threads]);
}

function show(): void {
  const name = page === null ? NAME : `${page} – ${NAME}`;
  document.title = unread > 0 ? `(${unread}) ${name}` : name;
}
