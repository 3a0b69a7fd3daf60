import { LinnetError } from './error.js';

/** How long to wait between attempts. */
export interface Pace {
  /** Before the second attempt, at the most. */
  readonly firstMs: number;
  /** However many have failed, at the most. */
  readonly mostMs: number;
}

/**
 * How long to wait after so many failures: twice as long each time, and a random part of it less, so that clients that were cut
 * off together don't come back together.
 */
export function pause(pace: Pace, failures: number, atLeastMs = 0): number {
  const longest = Math.min(pace.mostMs, pace.firstMs * 2 ** Math.min(failures - 1, 20));
  return atLeastMs + longest * (0.5 + Math.random() / 2);
}

/** Waits, or throws once it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const stop = (): void => {
      clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** What is thrown to who has aborted. */
export function aborted(signal?: AbortSignal): LinnetError {
  return new LinnetError('ABORTED', 'It was aborted.', { cause: signal?.reason });
}

/**
 * What all streams of a client wait at before they connect: shut for a while when a connection fails, and longer each time
 * until one has worked.
 */
export class Gate {
  readonly #pace: Pace;
  #failures = 0;
  #shut: { opened: Promise<void>; open: () => void } | undefined;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** A connection failed. Others that failed with it say nothing new. */
  failed(atLeastMs = 0): void {
    if (this.#shut) return;
    this.#failures += 1;
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      const timer = setTimeout(() => open(), pause(this.#pace, this.#failures, atLeastMs));
      open = () => {
        clearTimeout(timer);
        this.#shut = undefined;
        resolve();
      };
    });
    this.#shut = { opened, open: () => open() };
  }

  /** A connection works. */
  worked(): void {
    this.#failures = 0;
  }

  /** Lets everybody try now: the network is there again. */
  open(): void {
    this.#failures = 0;
    this.#shut?.open();
  }

  /** Waits until it is open. */
  async pass(): Promise<void> {
    while (this.#shut) await this.#shut.opened;
  }
}
