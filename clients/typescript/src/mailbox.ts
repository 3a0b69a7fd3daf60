import type { LinnetError } from './error.js';

/** A frame on its way to the application. */
export interface Arrived<F> {
  readonly frame: F;
  readonly cursor: string | undefined;
  /** Not for the application: it only says where the stream stands. */
  readonly isHidden: boolean;
}

interface Reader<F> {
  readonly resolve: (result: IteratorResult<F, undefined>) => void;
  readonly reject: (error: LinnetError) => void;
}

/** What lies between a connection and the application: frames that nobody has read, or readers who wait for one. */
export class Mailbox<F> {
  #frames: Arrived<F>[] = [];
  #readers: Reader<F>[] = [];
  #emptied = (): void => {};
  #end: { error: LinnetError | undefined } | undefined;
  /** The cursor of the frame that was handed over last. */
  cursor: string | undefined;

  constructor(cursor: string | undefined) {
    this.cursor = cursor;
  }

  get size(): number {
    return this.#frames.length;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  put(arrived: Arrived<F>): void {
    this.#frames.push(arrived);
    this.#hand();
  }

  /** Throws the oldest frame away. */
  drop(): void {
    this.#frames.shift();
  }

  next(): Promise<IteratorResult<F, undefined>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#hand();
    });
  }

  /** Nothing comes any more. What is there is handed over still, unless it is thrown away. */
  end(error: LinnetError | undefined, throwsAway: boolean): void {
    this.#end = { error };
    if (throwsAway) this.#frames = [];
    this.#emptied();
    this.#hand();
  }

  /** Waits until there are no more than so many frames, or it has ended. */
  async emptied(most: number): Promise<void> {
    while (this.size > most && !this.#end) {
      await new Promise<void>((resolve) => {
        this.#emptied = () => {
          if (this.size <= most || this.#end) resolve();
        };
      });
    }
  }

  #hand(): void {
    while (this.#readers.length > 0) {
      const arrived = this.#frames.shift();
      if (arrived) {
        this.cursor = arrived.cursor ?? this.cursor;
        if (!arrived.isHidden) this.#readers.shift()?.resolve({ done: false, value: arrived.frame });
      } else if (this.#end) this.#tellEnd(this.#end.error);
      else break;
    }
    this.#emptied();
  }

  #tellEnd(error: LinnetError | undefined): void {
    const reader = this.#readers.shift();
    if (error) reader?.reject(error);
    else reader?.resolve({ done: true, value: undefined });
    // An error is told once, as a generator does.
    this.#end = { error: undefined };
  }
}
