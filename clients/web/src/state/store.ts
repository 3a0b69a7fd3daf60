// What is known, and who wants to hear that it has changed.

/** Holds a state that only its reducer changes. It fits `useSyncExternalStore`. */
export class Store<S, A> {
  readonly #reduce: (state: S, action: A) => S;
  readonly #listeners = new Set<() => void>();
  #state: S;

  constructor(reduce: (state: S, action: A) => S, initial: S) {
    this.#reduce = reduce;
    this.#state = initial;
  }

  readonly get = (): S => this.#state;

  readonly dispatch = (action: A): void => {
    const before = this.#state;
    this.#state = this.#reduce(before, action);
    if (this.#state !== before) this.#listeners.forEach((listener) => listener());
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
