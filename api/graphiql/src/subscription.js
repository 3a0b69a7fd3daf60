import { createClient } from 'graphql-ws';

import { remember } from './placeholder.jsx';
import { authorization, wasRefused } from './session.js';

const SOCKET_URL = new URL('/graphql', location.href).href.replace(/^http/, 'ws');
/** How many frames are shown, the newest first. */
const SHOWN = 50;
/** How long to wait before a stream that was cut off is asked for again, in milliseconds. */
const PAUSE = 1000;

/**
 * A subscription as GraphiQL runs one, over a socket of its own. `header` is the `Authorization` of the headers pane, if it has one.
 *
 * It shows frames as a list: of several that come at once, as when a stream resumes, GraphiQL by itself would show the last. A stream that
 * was cut off is asked for again from its last cursor, as an application would.
 */
export function subscription(params, operation, header) {
  return {
    subscribe({ next, error, complete }) {
      const stream = new Stream(params, operation, header, { next, error, complete });
      stream.begin();
      return { unsubscribe: () => stream.leave() };
    },
  };
}

class Stream {
  #frames = [];
  #cursor = null;
  #wasLeft = false;
  #askedAnew = false;
  #release = () => {};

  constructor(params, operation, header, sink) {
    Object.assign(this, { params, operation, header, sink });
  }

  begin() {
    let used;
    const client = createClient({
      url: SOCKET_URL,
      // A client that comes back by itself would ask from the cursor of long ago.
      retryAttempts: 0,
      // A browser sends no headers of ours with a socket, so what speaks for us goes into the init message.
      connectionParams: async () => {
        used = this.header === undefined ? await authorization() : this.header;
        return used ? { authorization: used } : undefined;
      },
    });
    const payload = { ...this.params };
    if (this.#cursor) payload.variables = { ...payload.variables, after: this.#cursor };
    const release = client.subscribe(payload, {
      next: (frame) => this.#show(frame),
      error: (cause) => this.#ended(cause, used),
      complete: () => this.sink.complete(),
    });
    this.#release = () => {
      release();
      void client.dispose();
    };
  }

  leave() {
    this.#wasLeft = true;
    this.#release();
  }

  #show(frame) {
    this.#askedAnew = false;
    for (const value of Object.values(frame.data ?? {})) this.#cursor = value?.cursor ?? this.#cursor;
    this.#note(frame);
    remember(frame.data?.threadEvents?.cursor);
  }

  #note(frame) {
    this.#frames = [frame, ...this.#frames].slice(0, SHOWN);
    this.sink.next({ 'frames, the newest first': this.#frames });
  }

  /** Of errors and of sockets that were closed. */
  async #ended(cause, used) {
    const wasCut = cause instanceof Event;
    const comesBack = wasCut && this.#isResumable() && (await this.#mayComeBack(cause.code, used));
    if (this.#wasLeft) return;
    if (!comesBack) {
      this.sink.error(wasCut ? readable(cause) : cause);
      return;
    }
    this.#note({ 'cut off': readable(cause), 'asked for again after': this.#cursor });
    setTimeout(() => this.#wasLeft || this.begin(), PAUSE);
  }

  /** Whether nothing is lost by asking again: its operation takes `$after`, or nothing has come yet. */
  #isResumable() {
    if (this.#frames.length === 0) return true;
    const takesAfter = this.operation.variableDefinitions?.some(({ variable }) => variable.name.value === 'after');
    return Boolean(takesAfter && this.#cursor);
  }

  async #mayComeBack(code, used) {
    // A token that was too old is traded for another one, once.
    if (code === 4403) {
      if (this.#askedAnew || this.header !== undefined) return false;
      this.#askedAnew = true;
      return wasRefused(used);
    }
    // Codes from 4400 on are mistakes; and a server that was never there is not waited for.
    return this.#frames.length > 0 && (code === undefined || code < 4400);
  }
}

/** GraphiQL prints errors as JSON, in which a close event would be `{"isTrusted": true}`. */
function readable(cause) {
  if (cause instanceof CloseEvent) {
    return { message: `The socket was closed: ${cause.code} ${cause.reason}`.trim(), code: cause.code };
  }
  return { message: 'The socket could not be opened.' };
}
