import { asked, type Asked, type Operation } from './document.js';
import { LinnetError } from './error.js';
import { Mailbox } from './mailbox.js';
import { aborted, pause, sleep, type Gate, type Pace } from './pace.js';
import type { Answer } from './post.js';
import type { Session } from './session.js';
import type { Transport } from './transport.js';

/** What a subscription is to a subscriber: its one root field. */
type Root<R> = R[Exclude<keyof R, '__typename'>];

/** What a stream gives: the frames of its subscription. Those that only say that it is alive stay within the client. */
export type Frame<R> = Exclude<Root<R>, { __typename: 'Heartbeat' | 'InboxHeartbeat' }>;

/** How a stream stands: it asks, it is there, or it waits to ask again. */
export type StreamStatus = 'connecting' | 'open' | 'waiting';

export interface StreamOptions {
  /** Ends the stream. */
  readonly signal?: AbortSignal;
  /** Hears how the stream stands, and why it waits: for a banner that says so. */
  readonly onStatus?: (status: StreamStatus, why?: LinnetError) => void;
  /**
   * How many frames wait for a slow reader, at the most; 256 if left out. Then the stream is let go, and asked for again from
   * where it stood.
   */
  readonly bufferSize?: number;
}

/** The frames of a subscription, each once and in order, whatever happens to the connection. */
export interface Stream<F> {
  /** The cursor of the frame that was given last: keep it, and give it as `after` to go on there another time. */
  readonly cursor: string | undefined;
  next(): Promise<IteratorResult<F, undefined>>;
  /** Ends it; `break` in a `for await` does. */
  return(): Promise<IteratorResult<F, undefined>>;
  [Symbol.asyncIterator](): Stream<F>;
}

/** What all streams of a client share. */
export interface Streaming {
  readonly transport: Transport;
  readonly session: Session;
  readonly gate: Gate;
  readonly pace: Pace;
  /** How long nothing may come where something has to. */
  readonly silenceMs: number;
}

type Left = { why: 'completed' | 'full' } | { why: 'failed'; error: LinnetError; token: string | undefined };

const BUFFER = 256;
/** How often in a row a stream is asked for that the server fails at, and not the network. */
const TRIES = 6;
/** How long the silence between two heartbeats is taken to be before it is known: whatever catches up has them. */
const FIRST_BEAT_MS = 60_000;
const RESUMABLE =
  'A stream that is to go on where it was cut declares `$after: Cursor`, gives it to its field, and selects `cursor`.';

/** A subscription that is asked for again, from where it stands, for as long as somebody wants it. */
export class ResumingStream<R, V> implements Stream<Frame<R>> {
  readonly #with: Streaming;
  readonly #asked: Asked;
  readonly #options: StreamOptions;
  readonly #resumes: boolean;
  readonly #size: number;
  readonly #onEnd: (stream: ResumingStream<R, V>) => void;
  readonly #stop = new AbortController();
  readonly #mailbox: Mailbox<Frame<R>>;
  /**
   * The cursor of the last frame that has arrived, and from where the server is asked to go on: what came before was handed
   * over, or lies in the mailbox.
   */
  #position: string | undefined;
  #hasBegun = false;
  /** How often the server has failed since the last frame. */
  #tries = 0;
  /** How long the server is silent between two heartbeats. */
  #beatMs: number | undefined;

  constructor(
    streaming: Streaming,
    operation: Operation<R, V>,
    variables: V | undefined,
    options: StreamOptions,
    onEnd: (stream: ResumingStream<R, V>) => void,
  ) {
    this.#with = streaming;
    this.#asked = asked(operation, variables);
    this.#options = options;
    this.#resumes = /\$after\s*:/.test(this.#asked.query);
    this.#size = Math.max(1, options.bufferSize ?? BUFFER);
    this.#onEnd = onEnd;
    const { after } = this.#asked.variables;
    this.#position = typeof after === 'string' ? after : undefined;
    this.#mailbox = new Mailbox(this.#position);
  }

  get cursor(): string | undefined {
    return this.#mailbox.cursor;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Frame<R>, undefined>> {
    this.#begin();
    return this.#mailbox.next();
  }

  return(): Promise<IteratorResult<Frame<R>, undefined>> {
    this.end(undefined, true);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends it. What has arrived is handed over still, unless it is thrown away. */
  end(error?: LinnetError, throwsAway = false): void {
    if (this.#mailbox.hasEnded) return;
    this.#mailbox.end(error, throwsAway);
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#stop.abort();
    this.#onEnd(this);
  }

  readonly #abort = (): void => this.end(aborted(this.#options.signal), true);

  #begin(): void {
    if (this.#hasBegun || this.#mailbox.hasEnded) return;
    this.#hasBegun = true;
    const { signal } = this.#options;
    if (signal?.aborted) return this.#abort();
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.#run().then(
      () => this.end(),
      (error: unknown) => this.end(LinnetError.of(error)),
    );
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#mailbox.emptied(this.#size / 2);
      await this.#with.gate.pass();
      if (this.#mailbox.hasEnded) return;
      this.#options.onStatus?.('connecting');
      const left = await this.#subscribe();
      if (this.#mailbox.hasEnded || left.why === 'completed') return;
      if (left.why === 'failed') await this.#recover(left.error, left.token);
    }
  }

  /** Asks once, from where the stream stands, and takes what comes until it is left. Nothing that comes later is taken. */
  #subscribe(): Promise<Left> {
    return new Promise((resolve) => {
      let isLeft = false;
      let stop = (): void => {};
      const leave = (left: Left): void => {
        if (isLeft) return;
        isLeft = true;
        watchdog.rest();
        this.#stop.signal.removeEventListener('abort', complete);
        stop();
        resolve(left);
      };
      const complete = (): void => leave({ why: 'completed' });
      const watchdog = new Watchdog(() => {
        // If it was taken to be too short, it is not the next time.
        this.#beatMs = (this.#beatMs ?? 0) * 2;
        const error = new LinnetError('NETWORK', 'The stream has fallen silent.');
        leave({ why: 'failed', error, token: undefined });
      });
      this.#stop.signal.addEventListener('abort', complete, { once: true });
      stop = this.#with.transport.subscribe(this.#request(), {
        opened: () => {
          if (!isLeft) this.#options.onStatus?.('open');
        },
        next: (answer) => {
          if (isLeft) return;
          const error = this.#take(answer, watchdog.silentMs);
          watchdog.watch(this.#patience());
          if (error) leave({ why: 'failed', error, token: undefined });
          else if (this.#resumes && this.#mailbox.size >= this.#size) leave({ why: 'full' });
        },
        failed: (error, token) => leave({ why: 'failed', error, token }),
        completed: complete,
      });
      if (isLeft) stop();
      else watchdog.watch(this.#patience());
    });
  }

  #request(): Asked {
    if (!this.#resumes || this.#position === undefined) return this.#asked;
    return { query: this.#asked.query, variables: { ...this.#asked.variables, after: this.#position } };
  }

  /** How long the log's reader may say nothing. Whatever the socket says, without it there is nothing to hear. */
  #patience(): number | undefined {
    return this.#beatMs === undefined ? undefined : Math.max(this.#beatMs * 2.5, this.#with.silenceMs);
  }

  /**
   * Takes a frame in, or says why not. One of which something could not be read is asked for again, rather than given as if that
   * were null.
   */
  #take(answer: Answer, silentMs: number): LinnetError | undefined {
    if (answer.errors?.length) return LinnetError.told(answer.errors, { data: answer.data });
    const frame = Object.values(answer.data ?? {})[0] as { __typename?: string; cursor?: string } | null | undefined;
    if (frame === null || frame === undefined) return new LinnetError('PROTOCOL', 'A frame without data came.');
    if (this.#resumes !== (typeof frame.cursor === 'string')) return new LinnetError('INVALID', RESUMABLE);
    const kind = frame.__typename ?? '';
    const isHidden = kind.endsWith('Heartbeat');
    if (isHidden) this.#beatMs = silentMs;
    else if (kind.endsWith('CaughtUp')) this.#beatMs ??= FIRST_BEAT_MS;
    this.#position = frame.cursor;
    this.#tries = 0;
    this.#mailbox.put({ frame: frame as Frame<R>, cursor: frame.cursor, isHidden });
    // What can't be asked for again is worth less the older it is.
    if (!this.#resumes && this.#mailbox.size > this.#size) this.#mailbox.drop();
    return undefined;
  }

  /** Waits until it may work again. Throws if it won't. */
  async #recover(error: LinnetError, token: string | undefined): Promise<void> {
    this.#options.onStatus?.('waiting', error);
    // The connection: the gate waits, for all streams together.
    if (error.code === 'NETWORK' || error.code === 'TIMEOUT') return;
    this.#tries += 1;
    let why = error;
    if (error.code === 'UNAUTHENTICATED') {
      const failure = await this.#renew(error, token);
      if (!failure && this.#tries === 1) return;
      why = failure ?? error;
    } else if (!error.isTransient && error.code !== 'INTERNAL') throw error;
    if (this.#tries >= TRIES && !why.isTransient) throw why;
    await sleep(pause(this.#with.pace, this.#tries, why.retryAfterMs), this.#stop.signal).catch(() => {});
  }

  /** Gets new tokens, or says why there are none now. Throws if there will be none. */
  async #renew(error: LinnetError, token: string | undefined): Promise<LinnetError | undefined> {
    if (token === undefined) throw error;
    try {
      if (await this.#with.session.refresh(token)) return undefined;
    } catch (cause) {
      const failure = LinnetError.of(cause);
      if (failure.isTransient) return failure;
      throw failure;
    }
    throw error;
  }
}

/** Barks when nothing has come for too long. */
class Watchdog {
  readonly #bark: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt = Date.now();

  constructor(bark: () => void) {
    this.#bark = bark;
  }

  /** How long nothing has come. */
  get silentMs(): number {
    return Date.now() - this.#heardAt;
  }

  /** Something has come; the next has to within this time, if that is known. */
  watch(ms: number | undefined): void {
    this.rest();
    this.#heardAt = Date.now();
    if (ms !== undefined) this.#timer = setTimeout(this.#bark, ms);
  }

  rest(): void {
    clearTimeout(this.#timer);
  }
}
