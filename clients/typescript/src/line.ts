import type { Asked } from './document.js';
import type { EventsTransport } from './events.js';
import type { SocketTransport } from './socket.js';
import type { Sink, Transport } from './transport.js';

/** By what streams come: a socket, or events where there can be none. */
export type Way = 'auto' | 'websocket' | 'sse';

/** How many sockets in a row have to come to nothing before events are tried. */
const PATIENCE = 3;

/** Chooses how to subscribe: by the socket, unless there is none, or it keeps coming to nothing where events don't. */
export class Line implements Transport {
  readonly #socket: SocketTransport | undefined;
  readonly #events: EventsTransport;
  readonly #way: Way;
  /** Sockets that came to nothing, one after the other, and streams of events among them. */
  #failures = 0;
  /** Events came about where sockets had not. It may be that the server was away until then. */
  #eventsWork = false;
  /** Events work, and sockets still don't. */
  #isByEvents = false;

  constructor(way: Way, socket: SocketTransport | undefined, events: EventsTransport) {
    this.#way = way;
    this.#socket = socket;
    this.#events = events;
  }

  subscribe(asked: Asked, sink: Sink): () => void {
    return this.#chosen().subscribe(asked, sink);
  }

  #chosen(): Transport {
    if (!this.#socket || this.#way === 'sse') return this.#events;
    if (this.#way === 'websocket') return this.#socket;
    // By turns, until one of the two works: it may be the server that is away.
    const isTurn = this.#failures >= PATIENCE && (this.#failures - PATIENCE) % 2 === 0;
    return this.#isByEvents || isTurn ? this.#events : this.#socket;
  }

  /** A socket came about, or didn't. */
  readonly socketTried = (cameAbout: boolean): void => {
    this.#isByEvents = !cameAbout && this.#eventsWork;
    this.#eventsWork &&= !cameAbout;
    this.#failures = cameAbout ? 0 : this.#failures + 1;
  };

  /** A stream of events came about, or didn't. */
  readonly eventsTried = (cameAbout: boolean): void => {
    if (this.#failures < PATIENCE) return;
    this.#eventsWork = cameAbout;
    // Where events don't work either (any more), it may be another network, where sockets do.
    this.#isByEvents &&= cameAbout;
    // The next turn is the socket's.
    this.#failures = PATIENCE + 1;
  };

  /** Cuts everything off, and begins by the socket again: another account, or another network. */
  reset(): void {
    this.#failures = 0;
    this.#eventsWork = false;
    this.#isByEvents = false;
    this.#socket?.reset();
    this.#events.reset();
  }
}
