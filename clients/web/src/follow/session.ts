// Who is signed in, in this tab and in others.

import {
  LinnetError,
  LobbyDocument,
  ThreadJoinDocument,
  ViewerDocument,
  type AccountCreateInput,
  type Linnet,
  type SessionCreateInput,
  type UserFieldsFragment as User,
} from '@linnet/client';
import { makeLinnet, TOKENS } from '../server/linnet';
import { Store } from '../state/store';
import { untilItWorks } from './patience';

export type Who =
  | { readonly is: 'unknown'; readonly problem: unknown }
  | { readonly is: 'leaving' }
  | { readonly is: 'nobody'; readonly hasEnded: boolean }
  | { readonly is: 'somebody'; readonly user: User };

export class Session {
  readonly store = new Store<Who, Who>((_, now) => now, { is: 'unknown', problem: null });
  readonly linnet: Linnet = makeLinnet(() => this.store.dispatch({ is: 'nobody', hasEnded: true }));
  #asking = new AbortController();

  /** Finds out who is signed in, and again whenever another tab signs out, or in. */
  readonly start = (): (() => void) => {
    const stop = new AbortController();
    const onStorage = ({ key }: StorageEvent): void => {
      if (key === TOKENS || key === null) void this.#recognise();
    };
    addEventListener('storage', onStorage, { signal: stop.signal });
    void this.#recognise();
    return () => {
      stop.abort();
      this.#asking.abort();
    };
  };

  async signIn(input: SessionCreateInput): Promise<void> {
    this.#is(await this.linnet.signIn(input));
  }

  async signUp(input: AccountCreateInput): Promise<void> {
    this.#is(await this.linnet.signUp(input));
  }

  /** Comes as a guest, into the lobby. Gives its id, if there is one. */
  async comeAsGuest(username: string): Promise<string | null> {
    const user = await this.linnet.signInAsGuest({ username });
    // Who does not get there is signed in all the same, and finds it among the rooms.
    const lobbyId = await this.#joinLobby().catch(() => null);
    this.#is(user);
    return lobbyId;
  }

  readonly signOut = async (): Promise<void> => {
    // Whatever is being asked for is left first: it would be refused.
    this.#asking.abort();
    this.store.dispatch({ is: 'leaving' });
    await this.linnet.signOut();
    // Nobody, unless another tab has signed in meanwhile.
    this.store.dispatch({ is: 'unknown', problem: null });
    await this.#recognise();
  };

  async #joinLobby(): Promise<string | null> {
    const { lobby } = await this.linnet.query(LobbyDocument);
    if (lobby) await this.linnet.mutate(ThreadJoinDocument, { input: { id: lobby.id } }, { isRepeatable: true });
    return lobby?.id ?? null;
  }

  #is(user: User): void {
    this.#asking.abort();
    this.store.dispatch({ is: 'somebody', user });
  }

  /**
   * Asks whose the tokens are that lie there now. They may be of a session that is known here: what another tab has done is heard late in
   * one that slept.
   */
  async #recognise(): Promise<void> {
    if (this.store.get().is === 'leaving') return;
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const before = this.store.get();
    const beforeId = before.is === 'somebody' ? before.user.id : null;
    const known = (who: Who): void => {
      // A socket stays whose it was.
      this.linnet.reconnect();
      this.store.dispatch(who);
    };
    const problem = (problem: unknown): void => {
      if (before.is === 'unknown') this.store.dispatch({ is: 'unknown', problem });
    };
    try {
      if (!(await this.linnet.tokens())) return known({ is: 'nobody', hasEnded: beforeId !== null });
      const ask = async () => await this.linnet.query(ViewerDocument, {}, { signal });
      const { viewer } = await untilItWorks(ask, signal, problem);
      if (!viewer) known({ is: 'nobody', hasEnded: true });
      else if (viewer.user.id !== beforeId) known({ is: 'somebody', user: viewer.user });
    } catch (cause) {
      if (signal.aborted) return;
      if (LinnetError.of(cause).code === 'UNAUTHENTICATED') known({ is: 'nobody', hasEnded: true });
      else problem(cause);
    }
  }
}
