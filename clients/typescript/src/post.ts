import type { Asked } from './document.js';
import { LinnetError, type ServerError } from './error.js';
import { aborted } from './pace.js';

/** An answer as the server writes it. */
export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly ServerError[];
}

/** Where to ask, and by what. */
export interface Endpoint {
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
}

/** Sends a request. Throws if nothing came back within the time, or if it was aborted. */
export async function send(
  endpoint: Endpoint,
  asked: Asked,
  options: { accept: string; token?: string | undefined; signal?: AbortSignal | undefined; timeoutMs: number },
): Promise<{ response: Response; timer: Deadline }> {
  const timer = new Deadline(options.timeoutMs, options.signal);
  const headers: Record<string, string> = { accept: options.accept, 'content-type': 'application/json' };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  try {
    const body = JSON.stringify(asked);
    const { fetch } = endpoint;
    return { response: await fetch(endpoint.url, { method: 'POST', headers, body, signal: timer.signal }), timer };
  } catch (cause) {
    timer.clear();
    throw timer.explain(cause);
  }
}

/** Asks for one answer. Throws what the server refuses, and all that is no answer. */
export async function post(
  endpoint: Endpoint,
  asked: Asked,
  options: { token?: string | undefined; signal?: AbortSignal | undefined; timeoutMs: number },
): Promise<Answer> {
  const accept = 'application/graphql-response+json, application/json;q=0.9';
  const { response, timer } = await send(endpoint, asked, { ...options, accept });
  try {
    const answer = await read(response);
    if (answer.errors?.length) {
      throw LinnetError.told(answer.errors, { data: answer.data, retryAfterMs: retryAfter(response) });
    }
    return answer;
  } catch (cause) {
    throw timer.explain(cause);
  } finally {
    timer.clear();
  }
}

/** The answer in a response. What a proxy says in the server's place is none. */
export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer))
      return answer as Answer;
  } catch {
    // Said below.
  }
  const { status } = response;
  const code = status === 429 ? 'RATE_LIMITED' : status >= 500 ? 'UNAVAILABLE' : 'PROTOCOL';
  throw new LinnetError(code, `What answered (${status}) does not speak GraphQL.`, {
    retryAfterMs: retryAfter(response),
  });
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

/** Ends a request when its time is over, or when whoever asked has had enough. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #stop = (): void => this.#controller.abort(this.#outer?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #late = false;

  constructor(ms: number, outer?: AbortSignal) {
    this.#outer = outer;
    if (outer?.aborted) this.#stop();
    outer?.addEventListener('abort', this.#stop, { once: true });
    this.extend(ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives it so much time from now on. */
  extend(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#controller.abort();
    }, ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#stop);
  }

  /** What a failure was. */
  explain(cause: unknown): LinnetError {
    if (this.#outer?.aborted) return aborted(this.#outer);
    if (this.#late) return new LinnetError('TIMEOUT', 'No answer came in time.', { cause });
    return LinnetError.of(cause);
  }
}
