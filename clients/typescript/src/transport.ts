import type { Asked } from './document.js';
import type { LinnetError } from './error.js';
import type { Answer } from './post.js';

/** What hears of a subscription. After `failed` or `completed` it hears nothing more. */
export interface Sink {
  /** The server has been asked. */
  opened(): void;
  next(answer: Answer): void;
  /** It was cut off, or refused. `token` is what spoke for the account then. */
  failed(error: LinnetError, token: string | undefined): void;
  /** The server has said that there is no more. */
  completed(): void;
}

/** A way to subscribe. */
export interface Transport {
  /** Subscribes once, and never again by itself: whoever comes back says where they stand. Ends by the function that it returns. */
  subscribe(asked: Asked, sink: Sink): () => void;
}
