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
  | { readonly is: 'nobody'; readonly hasEnded: boolean }
  | { readonly is: 'somebody'; readonly user: User };

export class Session {
  readonly store = new Store<Who, Who>((_, now) => now, { is: 'unknown', problem: null });
  readonly linnet: Linnet = makeLinnet(() => this.store.dispatch({ is: 'nobody', hasEnded: true }));

  /** Finds out who is signed in, and hears of it when another tab signs out. */
  readonly start = (): (() => void) => {
    const stop = new AbortController();
    addEventListener('storage', this.#elsewhere, { signal: stop.signal });
    void this.#recognise(stop.signal);
    return () => stop.abort();
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
    const { lobby } = await this.linnet.query(LobbyDocument);
    if (lobby) await this.linnet.mutate(ThreadJoinDocument, { input: { id: lobby.id } }, { isRepeatable: true });
    this.#is(user);
    return lobby?.id ?? null;
  }

  readonly signOut = async (): Promise<void> => {
    await this.linnet.signOut();
    this.store.dispatch({ is: 'nobody', hasEnded: false });
  };

  #is(user: User): void {
    this.store.dispatch({ is: 'somebody', user });
  }

  async #recognise(signal: AbortSignal): Promise<void> {
    try {
      if (!(await this.linnet.tokens())) return this.store.dispatch({ is: 'nobody', hasEnded: false });
      const ask = async () => await this.linnet.query(ViewerDocument, {}, { signal });
      const { viewer } = await untilItWorks(ask, signal, (problem) => this.store.dispatch({ is: 'unknown', problem }));
      if (viewer) this.#is(viewer.user);
      else this.store.dispatch({ is: 'nobody', hasEnded: true });
    } catch (cause) {
      if (signal.aborted) return;
      const isOver = LinnetError.of(cause).code === 'UNAUTHENTICATED';
      this.store.dispatch(isOver ? { is: 'nobody', hasEnded: true } : { is: 'unknown', problem: cause });
    }
  }

  readonly #elsewhere = ({ key, newValue }: StorageEvent): void => {
    if (key !== TOKENS || newValue !== null || this.store.get().is !== 'somebody') return;
    void this.linnet.signOut();
    this.store.dispatch({ is: 'nobody', hasEnded: true });
  };
}
