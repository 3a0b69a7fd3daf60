import { LinnetError } from './error.js';
import { asked } from './document.js';
import { SessionRefreshDocument, type SessionRefreshMutation } from './generated/operations.js';
import { post, type Endpoint } from './post.js';
import type { Tokens, TokenStorage } from './storage.js';

/**
 * When a refresh is tried, and tried again if nothing has come back. The server takes a used refresh token for ten seconds, in case
 * its answer was lost, and ends the session if it comes later: so all attempts are made within that time, beside each other.
 */
const ATTEMPTS_MS = [0, 3000, 6000, 9000];
/** When it is tried once more if the first attempt has failed, which is mostly a connection that was old. */
const SOON_MS = 200;
/** How long an answer to any of them is waited for. */
const PATIENCE_MS = 20_000;

/** The tokens that speak for an account, and how there come new ones. */
export class Session {
  readonly #endpoint: Endpoint;
  readonly #storage: TokenStorage;
  readonly #onEnd: (why: LinnetError) => void;
  #refreshing: Promise<Tokens | null> | undefined;

  constructor(endpoint: Endpoint, storage: TokenStorage, onEnd: (why: LinnetError) => void) {
    this.#endpoint = endpoint;
    this.#storage = storage;
    this.#onEnd = onEnd;
  }

  async tokens(): Promise<Tokens | null> {
    return await this.#storage.get();
  }

  async keep(tokens: Tokens | null): Promise<void> {
    await this.#storage.set(tokens);
  }

  /**
   * Tokens in the place of those that the server no longer takes: one refresh for all who ask at once. Null if the session has
   * ended. Throws if nobody can tell now.
   */
  refresh(stale: string): Promise<Tokens | null> {
    this.#refreshing ??= this.#alone(() => this.#renew(stale)).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#storage.exclusively ? this.#storage.exclusively(work) : work();
  }

  async #renew(stale: string): Promise<Tokens | null> {
    const held = await this.#storage.get();
    // Somebody has signed out, or has refreshed while this was on its way.
    if (!held || held.accessToken !== stale) return held;
    if (held.refreshToken === undefined) return await this.#end(held, []);
    const { sessionRefresh: fresh } = await this.#ask(held.refreshToken);
    const now = await this.#storage.get();
    // Another tab has got tokens of its own, or has signed out: what it has left there counts.
    if (now?.accessToken !== held.accessToken) return now;
    if (fresh.accessToken === null || fresh.refreshToken === null) return await this.#end(held, fresh.errors);
    const tokens: Tokens = { accessToken: fresh.accessToken, refreshToken: fresh.refreshToken };
    await this.#storage.set(tokens);
    return tokens;
  }

  async #end(held: Tokens, errors: SessionRefreshMutation['sessionRefresh']['errors']): Promise<null> {
    await this.#storage.set(null);
    const what =
      held.refreshToken === undefined ? 'This token is not valid (any more).' : 'The session has ended: sign in again.';
    this.#onEnd(new LinnetError('UNAUTHENTICATED', what, { inputErrors: errors }));
    return null;
  }

  /** Asks until an answer comes, by whichever attempt. */
  async #ask(refreshToken: string): Promise<SessionRefreshMutation> {
    const timers: ReturnType<typeof setTimeout>[] = [];
    const enough = new AbortController();
    const wait = (ms: number): Promise<void> => new Promise((resolve) => timers.push(setTimeout(resolve, ms)));
    const attempt = async (): Promise<SessionRefreshMutation> => {
      const request = asked(SessionRefreshDocument, { input: { refreshToken } });
      const answer = await post(this.#endpoint, request, { signal: enough.signal, timeoutMs: PATIENCE_MS });
      return answer.data as SessionRefreshMutation;
    };
    const [first, ...later] = ATTEMPTS_MS.map((ms) => wait(ms).then(attempt));
    const again = first?.catch(() => wait(SOON_MS).then(attempt));
    try {
      return (await Promise.any([again, ...later])) as SessionRefreshMutation;
    } catch (cause) {
      throw LinnetError.of(cause instanceof AggregateError ? cause.errors[0] : cause);
    } finally {
      timers.forEach(clearTimeout);
      enough.abort();
    }
  }
}
