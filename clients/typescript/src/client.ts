import { asked, type Asked, type Operation, type Rest } from './document.js';
import { LinnetError, type InputError } from './error.js';
import { EventsTransport } from './events.js';
import {
  MessageSendDocument,
  SignInAsGuestDocument,
  SignInDocument,
  SignOutDocument,
  SignUpDocument,
  type AccountCreateInput,
  type MessageFieldsFragment,
  type MessageSendInput,
  type SessionCreateGuestInput,
  type SessionCreateInput,
  type SessionFieldsFragment,
  type UserFieldsFragment,
} from './generated/operations.js';
import { Line, type Way } from './line.js';
import { Gate, pause, sleep, type Pace } from './pace.js';
import { post, type Endpoint } from './post.js';
import type { Cursor } from './scalars.js';
import { Session } from './session.js';
import { SocketTransport, type WebSocketConstructor } from './socket.js';
import { memoryStorage, type Tokens, type TokenStorage } from './storage.js';
import { ResumingStream, type Frame, type Stream, type Streaming, type StreamOptions } from './stream.js';

export interface LinnetOptions {
  /** Where the server's GraphQL is: `https://chat.example.org/graphql`. In a browser a path will do. */
  readonly url: string;
  /** Where tokens are kept; in memory if left out. */
  readonly storage?: TokenStorage;
  /** The platform's, if left out. */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * The platform's, if left out. Node has one from 22 on; before that give `WebSocket` of the package `ws`, or streams come as
   * server-sent events.
   */
  readonly webSocketImpl?: WebSocketConstructor;
  /** By what streams come: `auto`, unless you know better. */
  readonly streams?: Way;
  /** Hears that the session has ended, but for `signOut`: show the page to sign in. */
  readonly onSessionEnd?: (why: LinnetError) => void;
  /** How long an answer may take, in milliseconds: 30,000. */
  readonly timeoutMs?: number;
  /**
   * After how many silent milliseconds a connection is taken to be lost: 35,000, since the server says something every fifteen
   * seconds.
   */
  readonly silenceMs?: number;
  /** How long to wait before trying again what failed: from a quarter of a second to half a minute. */
  readonly pace?: Pace;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface MutationOptions extends RequestOptions {
  /** It does no harm if it is done twice, so it may be sent again when no answer came. */
  readonly isRepeatable?: boolean;
}

export interface SendOptions extends RequestOptions {
  /** For how long it is tried, in milliseconds: 60,000. */
  readonly giveUpAfterMs?: number;
}

/** A message that is on the server's disk. */
export interface Sent {
  readonly message: MessageFieldsFragment;
  /** Where the thread's log stands with it: once a stream is there, it has shown it. */
  readonly cursor: Cursor | null;
}

/** How often a query is asked that got no answer. */
const ATTEMPTS = 3;
/** How long one attempt at a send waits for its answer. */
const SEND_MS = 10_000;

/** A client of one server, for one account at a time. */
export class Linnet {
  readonly #endpoint: Endpoint;
  readonly #session: Session;
  readonly #line: Line;
  readonly #streaming: Streaming;
  readonly #streams = new Set<{ return(): unknown }>();
  readonly #timeoutMs: number;
  readonly #pace: Pace;
  #isLeaving = false;
  #isClosed = false;
  /** Which sign-in this is: what one has asked is not asked again as another. */
  #era = 0;

  constructor(options: LinnetOptions) {
    const url = new URL(options.url, globalThis.location?.href);
    // Called as a function, as the platform's has to be.
    this.#endpoint = { url: url.href, fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)) };
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#pace = options.pace ?? { firstMs: 250, mostMs: 30_000 };
    const session = new Session(this.#endpoint, options.storage ?? memoryStorage(), (why) => {
      if (!this.#isLeaving) options.onSessionEnd?.(why);
    });
    const gate = new Gate(this.#pace);
    const silenceMs = options.silenceMs ?? 35_000;
    const shared = { session, gate, silenceMs, openMs: Math.min(this.#timeoutMs, 15_000) };
    const webSocket = options.webSocketImpl ?? globalThis.WebSocket;
    const socketUrl = url.href.replace(/^http/, 'ws').replace(/#.*/, '');
    const socket =
      webSocket &&
      new SocketTransport({ ...shared, url: socketUrl, webSocket, onOutcome: (did) => this.#line.socketTried(did) });
    const events = new EventsTransport({
      ...shared,
      endpoint: this.#endpoint,
      onOutcome: (did) => this.#line.eventsTried(did),
    });
    if (options.streams === 'websocket' && !socket)
      throw new LinnetError('INVALID', 'There is no WebSocket here: give `webSocketImpl`.');
    this.#session = session;
    this.#line = new Line(options.streams ?? 'auto', socket, events);
    this.#streaming = { transport: this.#line, session, gate, pace: this.#pace, silenceMs };
    globalThis.addEventListener?.('online', this.#online);
  }

  // ── Who ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Signs in with a username or an email address, and a password. */
  async signIn(input: SessionCreateInput): Promise<UserFieldsFragment> {
    return await this.#signed((await this.#enter(SignInDocument, { input })).sessionCreate);
  }

  /** Comes as a visitor with a name only. */
  async signInAsGuest(input: SessionCreateGuestInput): Promise<UserFieldsFragment> {
    return await this.#signed((await this.#enter(SignInAsGuestDocument, { input })).sessionCreateGuest);
  }

  /** Makes an account, and signs in to it. */
  async signUp(input: AccountCreateInput): Promise<UserFieldsFragment> {
    return await this.#signed((await this.#enter(SignUpDocument, { input })).accountCreate);
  }

  /** Goes on with tokens that came by another way: a wallet's sign-in, a test, an API key as `accessToken` alone. */
  async useTokens(tokens: Tokens): Promise<void> {
    this.#era += 1;
    await this.#session.keep(tokens);
    this.#line.reset();
  }

  /** The tokens that speak for the account now; null if nobody is signed in. */
  async tokens(): Promise<Tokens | null> {
    return await this.#session.tokens();
  }

  /**
   * Signs out: all streams end, the tokens are forgotten, and the session ends. False if the server could not be told; the
   * session then ends by itself in time.
   */
  async signOut(): Promise<boolean> {
    this.#endStreams();
    const era = (this.#era += 1);
    try {
      if (!(await this.#session.tokens())) return true;
      this.#isLeaving = true;
      const { sessionRevoke } = await this.mutate(SignOutDocument, { input: {} }, { isRepeatable: true });
      return sessionRevoke.errors.length === 0;
    } catch (cause) {
      return LinnetError.of(cause).code === 'UNAUTHENTICATED';
    } finally {
      this.#isLeaving = false;
      // Who has signed in meanwhile stays.
      if (era === this.#era) {
        await this.#session.keep(null);
        this.#line.reset();
      }
    }
  }

  /** Asks as nobody, whatever tokens are left of another session. */
  async #enter<R, V>(operation: Operation<R, V>, variables: V): Promise<R> {
    return (await this.#execute(asked(operation, variables), { attempts: 1, asNobody: true })) as R;
  }

  async #signed(payload: SessionFieldsFragment): Promise<UserFieldsFragment> {
    const { accessToken, refreshToken, user, errors } = payload;
    if (accessToken === null || refreshToken === null || user === null) throw LinnetError.refused(errors);
    await this.useTokens({ accessToken, refreshToken });
    return user;
  }

  // ── What ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks. Asked again by itself if no answer came, or if the server says to come again. */
  async query<R, V>(operation: Operation<R, V>, ...[variables, options]: Rest<V, RequestOptions>): Promise<R> {
    return (await this.#execute(asked(operation, variables), { ...options, attempts: ATTEMPTS })) as R;
  }

  /** Changes something. What was wrong with the input is in the payload's `errors`; whatever else goes wrong is thrown. */
  async mutate<R, V>(operation: Operation<R, V>, ...[variables, options]: Rest<V, MutationOptions>): Promise<R> {
    const attempts = options?.isRepeatable ? ATTEMPTS : 1;
    return (await this.#execute(asked(operation, variables), { ...options, attempts })) as R;
  }

  /**
   * Sends a message, once: under a key that is made here, it is sent again until an answer says that it is there, and the server
   * takes it as the same. Give a `clientKey` of your own to know the message by before that. Throws what is wrong with the input.
   */
  async messageSend(input: MessageSendInput, options: SendOptions = {}): Promise<Sent> {
    const request = asked(MessageSendDocument, { input: { ...input, clientKey: input.clientKey ?? newClientKey() } });
    const untilMs = Date.now() + (options.giveUpAfterMs ?? 60_000);
    const data = await this.#execute(request, { ...options, untilMs, timeoutMs: SEND_MS });
    const { message, cursor, errors } = (data as { messageSend: Sent & { errors: InputError[] } }).messageSend;
    if (!message) throw LinnetError.refused(errors);
    return { message, cursor };
  }

  /**
   * Subscribes: `for await (const frame of linnet.stream(…))`. Goes on by itself after every cut, from the cursor of the last frame,
   * so that each is given once and in order. Ends when the server says so; throws what does not pass. Nothing is asked before the
   * first frame is.
   */
  stream<R, V>(operation: Operation<R, V>, ...[variables, options]: Rest<V, StreamOptions>): Stream<Frame<R>> {
    const stream = new ResumingStream(this.#streaming, operation, variables, options ?? {}, (ended) =>
      this.#streams.delete(ended),
    );
    this.#streams.add(stream);
    if (this.#isClosed) stream.end(new LinnetError('CLOSED', 'This client is closed.'));
    return stream;
  }

  /** Connects anew: after `accountUpgrade`, for one, of which an open socket knows nothing. Streams go on where they were. */
  reconnect(): void {
    this.#line.reset();
    this.#streaming.gate.open();
  }

  /** Ends all streams and the socket. The session goes on. */
  close(): void {
    this.#isClosed = true;
    this.#endStreams();
    this.reconnect();
    globalThis.removeEventListener?.('online', this.#online);
  }

  #endStreams(): void {
    for (const stream of [...this.#streams]) stream.return();
  }

  readonly #online = (): void => this.reconnect();

  /** Asks until there is an answer: so many times, and until then at the latest. */
  async #execute(
    request: Asked,
    options: { signal?: AbortSignal; attempts?: number; untilMs?: number; timeoutMs?: number; asNobody?: boolean },
  ): Promise<unknown> {
    const { signal, attempts = Infinity, timeoutMs = this.#timeoutMs, untilMs = Date.now() + timeoutMs } = options;
    const era = this.#era;
    let isRenewed = false;
    let failure: LinnetError | undefined;
    for (let attempt = 1; ; attempt += 1) {
      const token = options.asNobody ? undefined : (await this.#session.tokens())?.accessToken;
      // Somebody else would be asking.
      if (failure && era !== this.#era) throw failure;
      try {
        return (await post(this.#endpoint, request, { token, signal, timeoutMs })).data;
      } catch (cause) {
        failure = LinnetError.of(cause);
        const error = isRenewed ? failure : await this.#renewed(failure, token);
        if (!error) {
          isRenewed = true;
          attempt -= 1;
          continue;
        }
        const waitMs = pause(this.#pace, attempt, error.retryAfterMs);
        if (!error.isTransient || attempt >= attempts || Date.now() + waitMs > untilMs) throw error;
        await sleep(waitMs, signal);
      }
    }
  }

  /** Gets new tokens if those that were used are over, and nothing was done therefore. What is wrong still, if anything is. */
  async #renewed(error: LinnetError, token: string | undefined): Promise<LinnetError | undefined> {
    if (error.code !== 'UNAUTHENTICATED' || token === undefined || error.data) return error;
    try {
      return (await this.#session.refresh(token)) ? undefined : error;
    } catch (cause) {
      return LinnetError.of(cause);
    }
  }
}

/** A key that no other send has: for an optimistic message, made before it is sent. */
export function newClientKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A client of the server at an address. */
export function createLinnet(options: LinnetOptions): Linnet {
  return new Linnet(options);
}
