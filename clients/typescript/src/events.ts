import type { Asked } from './document.js';
import { LinnetError } from './error.js';
import type { Gate } from './pace.js';
import { read, send, type Answer, type Endpoint } from './post.js';
import type { Session } from './session.js';
import type { Sink, Transport } from './transport.js';

export interface EventsOptions {
  readonly endpoint: Endpoint;
  readonly session: Session;
  readonly gate: Gate;
  readonly openMs: number;
  readonly silenceMs: number;
  /** Hears of each stream whether it came about. */
  readonly onOutcome: (cameAbout: boolean) => void;
}

/** Server-sent events (graphql-sse, distinct connections): a request for each stream. */
export class EventsTransport implements Transport {
  readonly #options: EventsOptions;
  readonly #live = new Set<() => void>();

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  subscribe(asked: Asked, sink: Sink): () => void {
    const stop = new AbortController();
    let token: string | undefined;
    let isOpen = false;
    const giveUp = (): void => {
      if (leave()) sink.failed(new LinnetError('NETWORK', 'The connection was given up.'), token);
    };
    const leave = (): boolean => {
      if (!this.#live.delete(giveUp)) return false;
      stop.abort();
      return true;
    };
    const over = (error?: LinnetError): void => {
      if (!leave()) return;
      if (!error) return sink.completed();
      const isCut = error.code === 'NETWORK' || error.code === 'TIMEOUT';
      if (isCut) this.#options.gate.failed();
      if (isCut && !isOpen) this.#options.onOutcome(false);
      sink.failed(error, token);
    };
    const opened = (): void => {
      isOpen = true;
      this.#options.onOutcome(true);
      sink.opened();
    };
    const take = async (): Promise<void> => {
      token = (await this.#options.session.tokens())?.accessToken;
      for await (const answer of this.#events(asked, token, stop.signal, opened)) {
        if (!this.#live.has(giveUp)) return;
        this.#options.gate.worked();
        // Of a stream that has failed there is nothing but errors.
        if (answer.errors?.length && !answer.data) return over(LinnetError.told(answer.errors));
        sink.next(answer);
      }
      over();
    };
    this.#live.add(giveUp);
    take().catch((cause: unknown) => over(LinnetError.of(cause)));
    return () => void leave();
  }

  /** Cuts all streams off: those who go on ask again. */
  reset(): void {
    this.#live.forEach((giveUp) => giveUp());
  }

  /** The answers of one request, until the server says that it is complete. Throws if the response ends before. */
  async *#events(
    asked: Asked,
    token: string | undefined,
    signal: AbortSignal,
    opened: () => void,
  ): AsyncGenerator<Answer, void> {
    const { endpoint, openMs, silenceMs } = this.#options;
    const { response, timer } = await send(endpoint, asked, {
      accept: 'text/event-stream',
      token,
      signal,
      timeoutMs: openMs,
    });
    try {
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
        const answer = await read(response);
        throw LinnetError.told(answer.errors ?? []);
      }
      opened();
      timer.extend(silenceMs);
      for await (const { name, data } of parse(response.body, () => timer.extend(silenceMs))) {
        if (name === 'complete') return;
        if (name === 'next') yield JSON.parse(data) as Answer;
      }
      throw new LinnetError('NETWORK', 'The stream was cut off.');
    } catch (cause) {
      throw timer.explain(cause);
    } finally {
      timer.clear();
    }
  }
}

/** The events of a body. One that has not come to its end has not come. */
async function* parse(
  body: ReadableStream<Uint8Array> | null,
  heard: () => void,
): AsyncGenerator<{ name: string; data: string }> {
  const reader = body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = '';
  let [name, data] = ['', ''];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (name) yield { name, data };
          [name, data] = ['', ''];
        } else if (line.startsWith('event:')) name = line.slice(6).trim();
        else if (line.startsWith('data:')) data += line.slice(5).trim();
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
