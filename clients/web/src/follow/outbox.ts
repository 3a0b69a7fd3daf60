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

  /** What a tab had not sent when it was loaded anew is there again. */
  constructor(linnet: Linnet, viewerId: string) {
    this.#linnet = linnet;
    this.#kept = `linnet.outbox.${viewerId}`;
    this.store = new Store(reduceOutbox, read(this.#kept));
    this.store.subscribe(() => this.#keep());
  }

  /** Goes on with what was on its way then. */
  readonly start = (): (() => void) => {
    this.store
      .get()
      .filter(({ status }) => status === 'sending')
      .forEach(this.#queue);
    return () => {};
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
    this.#queues.set(threadId, [clientKey]);
    void this.#sendAll(threadId);
  };

  async #sendAll(threadId: string): Promise<void> {
    const queue = this.#queues.get(threadId) ?? [];
    for (; queue[0] !== undefined; queue.shift()) {
      const [clientKey] = queue;
      const outgoing = this.store.get().find((one) => one.clientKey === clientKey);
      if (!outgoing || (await this.#sendOne(outgoing)) !== 'away') continue;
      // What was written after it is not to overtake it.
      queue.splice(1).forEach((later) => this.store.dispatch({ type: 'failed', clientKey: later, refusal: null }));
    }
    this.#queues.delete(threadId);
  }

  async #sendOne({ clientKey, threadId, content, parent, files }: Outgoing): Promise<'sent' | 'refused' | 'away'> {
    try {
      const attachments = files.map(({ uploadId }) => ({ uploadId }));
      const input = { clientKey, threadId, content, attachments, ...(parent && { parentId: parent.id }) };
      const { cursor } = await this.#linnet.messageSend(input, { giveUpAfterMs: GIVE_UP_AFTER_MS });
      this.store.dispatch({ type: 'sent', clientKey, place: cursor });
      return 'sent';
    } catch (cause) {
      const error = LinnetError.of(cause);
      this.store.dispatch({ type: 'failed', clientKey, refusal: error.isTransient ? null : sentence(error) });
      return error.isTransient ? 'away' : 'refused';
    }
  }

  #keep(): void {
    const unsent = this.store.get().filter(({ status }) => status !== 'sent');
    if (unsent.length > 0) sessionStorage.setItem(this.#kept, JSON.stringify(unsent));
    else sessionStorage.removeItem(this.#kept);
  }
}

function read(kept: string): OutboxState {
  try {
    return JSON.parse(sessionStorage.getItem(kept) ?? '[]') as OutboxState;
  } catch {
    return [];
  }
}
