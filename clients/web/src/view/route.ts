// Which page is shown: the address says so.

import { useSyncExternalStore, type MouseEvent } from 'react';

export type Route =
  | { readonly page: 'home' }
  | { readonly page: 'thread'; readonly threadId: string }
  | { readonly page: 'rooms' }
  | { readonly page: 'chirps' }
  | { readonly page: 'nowhere' };

const BASE = import.meta.env.BASE_URL;
const listeners = new Set<() => void>();

export function addressOf(route: Route): string {
  switch (route.page) {
    case 'thread':
      return `${BASE}threads/${encodeURIComponent(route.threadId)}`;
    case 'rooms':
    case 'chirps':
      return BASE + route.page;
    default:
      return BASE;
  }
}

export function routeOf(path: string): Route {
  const [first, second, ...rest] = path.slice(BASE.length).split('/').filter(Boolean);
  if (rest.length > 0 || !`${path}/`.startsWith(BASE)) return { page: 'nowhere' };
  if (first === undefined) return { page: 'home' };
  if (first === 'threads' && second !== undefined) return threadOf(second);
  if ((first === 'rooms' || first === 'chirps') && second === undefined) return { page: first };
  return { page: 'nowhere' };
}

function threadOf(encodedId: string): Route {
  try {
    return { page: 'thread', threadId: decodeURIComponent(encodedId) };
  } catch {
    return { page: 'nowhere' };
  }
}

export function navigate(route: Route): void {
  const address = addressOf(route);
  if (address !== location.pathname) history.pushState(null, '', address);
  listeners.forEach((listener) => listener());
}

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(subscribe, () => location.pathname));
}

/** What makes a link lead to a page without loading it anew; but for who opens it elsewhere. */
export function linkTo(route: Route): { href: string; onClick: (event: MouseEvent) => void } {
  return {
    href: addressOf(route),
    onClick: (event) => {
      if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
      )
        return;
      event.preventDefault();
      navigate(route);
    },
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
}
