// Streams come back by themselves, unless the server fails at them too often, or refuses them; what is read before them is asked for
// again here, and so are they.

import { LinnetError } from '@linnet/client';

const PAUSE_MS = 3_000;
/** When a stream is asked for again that has ended with an error. */
const AGAIN_MS = 15_000;

/** What is not asked for again after these: nobody is signed in any more, or there is nothing that they may follow. */
const FOR_GOOD: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'NOT_FOUND', 'ACCESS_REVOKED']);

/**
 * Follows until there is nothing more to follow: `follow` gives true if it is to begin afresh. What it throws is told, and then it is
 * tried again.
 */
export async function following(
  follow: () => Promise<boolean>,
  signal: AbortSignal,
  onProblem: (problem: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (!(await follow())) return;
    } catch (cause) {
      if (signal.aborted) return;
      onProblem(cause);
      if (FOR_GOOD.has(LinnetError.of(cause).code)) return;
      await pause(AGAIN_MS, signal);
    }
  }
}

/** Asks until there is an answer: tells of each problem that may pass, and throws one that won't. */
export async function untilItWorks<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  onProblem: (problem: unknown) => void,
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      const error = LinnetError.of(cause);
      if (signal.aborted || !error.isTransient) throw error;
      onProblem(error);
      await pause(error.retryAfterMs ?? PAUSE_MS, signal);
    }
  }
}

/** Waits, but no longer than until the network is there again, or nobody waits for it. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
