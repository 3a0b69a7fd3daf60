import { createClient, type Client } from 'graphql-ws/client';

import type { Asked } from './document.js';
import { LinnetError, type ServerError } from './error.js';
import type { Gate } from './pace.js';
import type { Answer } from './post.js';
import type { Session } from './session.js';
import type { Sink, Transport } from './transport.js';

/** A WebSocket as browsers have it, and as `ws` makes it for Node. */
export type WebSocketConstructor = new (
  url: string | URL,
  protocols?: string | string[],
) => { addEventListener(type: 'error', listener: () => void): void };

export interface SocketOptions {
  readonly url: string;
  readonly webSocket: WebSocketConstructor;
  readonly session: Session;
  readonly gate: Gate;
  readonly openMs: number;
  readonly silenceMs: number;
  /** Hears of each connection whether it came about. */
  readonly onOutcome: (cameAbout: boolean) => void;
}

/** For how long a socket that nobody uses stays open. */
const IDLE_MS = 3000;

/**
 * One socket for all streams. Each connection has a graphql-ws client of its own, which never connects again: it would send what it
 * was given at first, with an `after` that is long past.
 */
export class SocketTransport implements Transport {
  readonly #options: SocketOptions;
  #connection: Connection | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  subscribe(asked: Asked, sink: Sink): () => void {
    if (!this.#connection || this.#connection.hasEnded) this.#connection = new Connection(this.#options);
    return this.#connection.subscribe(asked, sink);
  }

  /** Closes the socket: those who go on do so by another. */
  reset(): void {
    this.#connection?.giveUp();
    this.#connection = undefined;
  }
}

class Connection {
  readonly #options: SocketOptions;
  readonly #client: Client;
  /** Those who are there, with what lets go of each. */
  readonly #live = new Map<Sink, () => void>();
  #token: string | undefined;
  #isOpen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  hasEnded = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#client = createClient({
      url: options.url,
      webSocketImpl: listenedTo(options.webSocket),
      retryAttempts: 0,
      lazyCloseTimeout: IDLE_MS,
      connectionParams: async () => {
        this.#token = (await options.session.tokens())?.accessToken;
        return this.#token === undefined ? undefined : { authorization: `Bearer ${this.#token}` };
      },
      on: {
        connected: () => this.#opened(),
        message: (message) => this.#heard(message.type),
        closed: (event) => this.end(closed(event)),
        error: (cause) => this.end(new LinnetError('NETWORK', 'The socket failed.', { cause })),
      },
    });
    this.#listen(options.openMs);
  }

  subscribe(asked: Asked, sink: Sink): () => void {
    const leave = this.#client.subscribe<Record<string, unknown>>(asked, {
      next: (answer) => {
        if (this.#live.has(sink)) sink.next(answer as Answer);
      },
      error: (error) => {
        if (this.#leave(sink)) sink.failed(refused(error), this.#token);
      },
      complete: () => {
        if (this.#leave(sink)) sink.completed();
      },
    });
    this.#live.set(sink, leave);
    if (this.#isOpen) sink.opened();
    return () => {
      if (this.#leave(sink)) leave();
    };
  }

  #leave(sink: Sink): boolean {
    return this.#live.delete(sink);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#options.onOutcome(true);
    this.#live.forEach((_, sink) => sink.opened());
  }

  #heard(type: string): void {
    if (type !== 'connection_ack') this.#options.gate.worked();
    this.#listen(this.#options.silenceMs);
  }

  /** Waits for a word: the server pings, however little there is to say. */
  #listen(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(new LinnetError('NETWORK', 'The socket has fallen silent.')), ms);
  }

  /** Ends it at one's own wish: those who are there come back at once. */
  giveUp(): void {
    if (this.hasEnded) return;
    const live = this.#close();
    live.forEach((sink) => sink.failed(new LinnetError('NETWORK', 'The connection was given up.'), this.#token));
  }

  /** It has ended. */
  end(error: LinnetError): void {
    if (this.hasEnded) return;
    const live = this.#close();
    const isCut = error.code === 'NETWORK' || error.code === 'UNAVAILABLE';
    if (isCut && !this.#isOpen) this.#options.onOutcome(false);
    if (isCut && live.length > 0) this.#options.gate.failed(error.retryAfterMs);
    const told = isCut ? new LinnetError('NETWORK', error.message, { cause: error }) : error;
    live.forEach((sink) => sink.failed(told, this.#token));
  }

  /** Lets go of everybody who is there, and says who that was. */
  #close(): Sink[] {
    this.hasEnded = true;
    clearTimeout(this.#timer);
    const live = [...this.#live];
    this.#live.clear();
    // Nobody waits for it any more, so that it does not connect again.
    live.forEach(([, leave]) => leave());
    this.#client.terminate();
    return live.map(([sink]) => sink);
  }
}

/** A socket whose errors somebody listens to, whatever graphql-ws does: `ws` ends a process over one that nobody hears. */
function listenedTo(webSocket: WebSocketConstructor): WebSocketConstructor {
  return class extends webSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('error', () => {});
    }
  };
}

/** What a close says. What is not named here is a cut: the way is tried again. */
function closed(event: unknown): LinnetError {
  const { code, reason } = event as { code: number; reason: string };
  const said = `The socket was closed: ${code} ${reason}`.trimEnd();
  switch (code) {
    case 4403:
      return new LinnetError('UNAUTHENTICATED', said);
    case 1013:
      return new LinnetError('UNAVAILABLE', said, { retryAfterMs: 1000 });
    case 1009:
    case 4400:
    case 4401:
    case 4409:
    case 4429:
      return new LinnetError('PROTOCOL', said);
    default:
      return new LinnetError('NETWORK', said);
  }
}

/** What an operation ended with: what the server said of it, or what the socket did, which was told by then. */
function refused(error: unknown): LinnetError {
  return Array.isArray(error) ? LinnetError.told(error as ServerError[]) : LinnetError.of(error);
}
