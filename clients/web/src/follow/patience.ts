// Streams come back by themselves; what is read before them is asked for again here.

import { LinnetError } from '@linnet/client';

const PAUSE_MS = 3_000;

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
