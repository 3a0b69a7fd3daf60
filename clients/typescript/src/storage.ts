/** What speaks for an account: a session's tokens, or an API key as `accessToken` alone. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

/** Where tokens are kept. It is asked each time, so that what another tab has put there counts here. */
export interface TokenStorage {
  get(): Tokens | null | Promise<Tokens | null>;
  set(tokens: Tokens | null): void | Promise<void>;
  /**
   * Runs what only one of those who share this storage should do at a time. Without it they may refresh side by side, which the
   * server bears for ten seconds.
   */
  exclusively?<T>(work: () => Promise<T>): Promise<T>;
}

/** What of `localStorage` is needed. */
export type WebStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
};

/** Keeps tokens until the page, or the process, ends. */
export function memoryStorage(tokens: Tokens | null = null): TokenStorage {
  let held = tokens;
  return {
    get: () => held,
    set: (next) => {
      held = next;
    },
  };
}

/**
 * Keeps tokens where all tabs of a browser find them: `webStorage(localStorage)`. Whatever script runs in the page can read them
 * there, too.
 */
export function webStorage(storage: WebStorage, key = 'linnet.tokens'): TokenStorage {
  const locks = globalThis.navigator?.locks;
  return {
    get: () => {
      try {
        const tokens: unknown = JSON.parse(storage.getItem(key) ?? 'null');
        return isTokens(tokens) ? tokens : null;
      } catch {
        return null;
      }
    },
    set: (tokens) => {
      if (tokens) storage.setItem(key, JSON.stringify(tokens));
      else storage.removeItem(key);
    },
    ...(locks && {
      exclusively: async <T>(work: () => Promise<T>): Promise<T> => await locks.request(key, async () => await work()),
    }),
  };
}

function isTokens(value: unknown): value is Tokens {
  return typeof value === 'object' && value !== null && 'accessToken' in value && typeof value.accessToken === 'string';
}
