// Sends what was written: in order, once each, and still after the page was loaded anew.

import { LinnetError, newClientKey, type Linnet } from '@linnet/client';
import { sentence } from '../server/problem';
import { reduceOutbox, type OutboxAction, type OutboxState, type Outgoing } from '../state/outbox';
import { Store } from '../state/store';

/** For how long the client tries by itself. Then whoever wrote it decides. */
const GIVE_UP_AFTER_MS = 15_000;

export type Written = Pick<Outgoing, 'threadId' | 'content' | 'parent' | 'files'>;

export class Outbox {
  readonly store: Store<OutboxState, OutboxAction>;
  readonly #linnet: Linnet;
  readonly #kept: string;
  /** What is to be sent in each thread, one after the other; the first is on its way. */
  readonly #queues = new Map<string, string[]>();
  #stopped = new AbortController();

  /** What a tab had not sent when it was loaded anew is there again. */
  constructor(linnet: Linnet, viewerId: string) {
    this.#linnet = linnet;
    this.#kept = `linnet.outbox.${viewerId}`;
    this.store = new Store(reduceOutbox, read(this.#kept));
    this.store.subscribe(() => this.#keep());
  }

  /** Goes on with what was on its way then, until it is told to stop. */
  readonly start = (): (() => void) => {
    this.#stopped = new AbortController();
    this.store
      .get()
      .filter(({ status }) => status === 'sending')
      .forEach(this.#queue);
    return this.stop;
  };

  /** Leaves what is on its way for when its author is back: nobody else sends it. */
  readonly stop = (): void => {
    this.#stopped.abort();
    this.#queues.clear();
  };

  readonly send = (written: Written): void => {
    this.#queue({ ...written, clientKey: newClientKey(), status: 'sending', refusal: null, place: null });
  };

  /** Sends it again, under the same key: if it had got through, that is the message. */
  readonly retry = (outgoing: Outgoing): void => this.#queue(outgoing);

  readonly discard = ({ clientKey }: Outgoing): void => this.forget([clientKey]);

  /** These are shown by their threads now. */
  readonly forget = (clientKeys: readonly string[]): void => {
    this.store.dispatch({ type: 'gone', clientKeys: new Set(clientKeys) });
  };

  readonly #queue = (outgoing: Outgoing): void => {
    const { clientKey, threadId } = outgoing;
    const queue = this.#queues.get(threadId);
    if (queue?.includes(clientKey)) return;
    this.store.dispatch({ type: 'sending', outgoing });
    if (queue) return void queue.push(clientKey);
    const begun = [clientKey];
    this.#queues.set(threadId, begun);
    void this.#sendAll(threadId, begun, this.#stopped.signal);
  };

  async #sendAll(threadId: string, queue: string[], signal: AbortSignal): Promise<void> {
    for (; queue[0] !== undefined && !signal.aborted; queue.shift()) {
      const [clientKey] = queue;
      const outgoing = this.store.get().find((one) => one.clientKey === clientKey);
      if (!outgoing || (await this.#sendOne(outgoing, signal)) !== 'away') continue;
      // What was written after it is not to overtake it.
      queue.splice(1).forEach((later) => this.store.dispatch({ type: 'failed', clientKey: later, refusal: null }));
    }
    if (this.#queues.get(threadId) === queue) this.#queues.delete(threadId);
  }

  async #sendOne(
    { clientKey, threadId, content, parent, files }: Outgoing,
    signal: AbortSignal,
  ): Promise<'sent' | 'refused' | 'away' | 'stopped'> {
    try {
      const attachments = files.map(({ uploadId }) => ({ uploadId }));
      const input = { clientKey, threadId, content, attachments, ...(parent && { parentId: parent.id }) };
      const { cursor } = await this.#linnet.messageSend(input, { giveUpAfterMs: GIVE_UP_AFTER_MS, signal });
      this.store.dispatch({ type: 'sent', clientKey, place: cursor });
      return 'sent';
    } catch (cause) {
      // It is kept as being on its way.
      if (signal.aborted) return 'stopped';
      const error = LinnetError.of(cause);
      this.store.dispatch({ type: 'failed', clientKey, refusal: error.isTransient ? null : sentence(error) });
      return error.isTransient ? 'away' : 'refused';
    }
  }

  #keep(): void {
    const unsent = this.store.get().filter(({ status }) => status !== 'sent');
    try {
      if (unsent.length > 0) sessionStorage.setItem(this.#kept, JSON.stringify(unsent));
      else sessionStorage.removeItem(this.#kept);
    } catch {
      // There is no room: it is sent all the same, if the page stays.
    }
  }
}

function read(kept: string): OutboxState {
  try {
    return JSON.parse(sessionStorage.getItem(kept) ?? '[]') as OutboxState;
  } catch {
    return [];
  }
}
