import { useEffect, useMemo, useSyncExternalStore } from 'react';

import type { Store } from '../../state/store';

/** The state of a store, as it is now and whenever it changes. */
export function useStore<S, A>(store: Store<S, A>): S {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Something that follows the server while it is looked at: made anew whenever one of `keys` changes. */
export function useFollower<F extends { start: () => () => void }>(make: () => F, keys: readonly unknown[]): F {
  // What `make` closes over is what `keys` say.
  const follower = useMemo(make, keys);
  useEffect(follower.start, [follower]);
  return follower;
}
