// What stands for the GraphiQL, or the application, of somebody who reads a page: plain GraphQL over HTTP and over sockets, with nothing in
// between that could make up for what a page gets wrong.

import { setTimeout as pause } from 'node:timers/promises';

import { parse, print } from 'graphql';
import WebSocket from 'ws';

const PATIENCE = 120_000;

/** The operations of a block, each with the fragments that it needs and with the default of a reader's variables. */
export function operationsOf(text) {
  const { definitions } = parse(text);
  const fragments = definitions.filter(({ kind }) => kind === 'FragmentDefinition').map(print);
  const operations = definitions.filter(({ kind }) => kind === 'OperationDefinition');
  return operations.map((operation) => ({
    kind: operation.operation,
    query: [print(operation), ...used(print(operation), fragments)].join('\n'),
  }));
}

/** The fragments that are spread in a text, and in those. */
function used(text, fragments) {
  const spread = fragments.filter((fragment) => text.includes(`...${/fragment (\w+)/.exec(fragment)[1]}`));
  if (spread.length === 0) return [];
  const others = fragments.filter((fragment) => !spread.includes(fragment));
  return [...spread, ...used(spread.join('\n'), others)];
}

export async function ask(address, { query, variables }, token) {
  const response = await fetch(`http://${address}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json',
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** A socket, and what comes over it that nobody has read yet. */
class Socket {
  #arrived = [];
  #wake = () => {};

  constructor(address) {
    this.socket = new WebSocket(`ws://${address}/graphql`, 'graphql-transport-ws');
    this.socket.on('message', (data) => this.#take(JSON.parse(data.toString())));
    this.socket.on('close', (code, reason) => this.#take({ close: code, reason: reason.toString() }));
    this.socket.on('error', (error) => this.#take({ failed: error.message }));
    this.opened = new Promise((resolve) => this.socket.once('open', resolve));
  }

  async send(message) {
    await this.opened;
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Whether a message comes within some milliseconds. */
  async has(patience) {
    for (const end = Date.now() + patience; this.#arrived.length === 0 && Date.now() < end; ) await pause(50);
    return this.#arrived.length > 0;
  }

  /** The next message. The server asks every 15 seconds whether anybody is there: that is answered, and no page tells of it. */
  async next() {
    for (const end = Date.now() + PATIENCE; this.#arrived.length === 0; ) {
      if (Date.now() > end) throw new Error('nothing came over the socket');
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
    return this.#arrived.shift();
  }

  end() {
    this.socket.terminate();
  }

  #take(message) {
    if (message.type === 'ping') this.socket.send('{"type":"pong"}');
    else this.#arrived.push(message);
    this.#wake();
  }
}

/** How long a stream that no page tells more of may take to say that it was refused. */
const REFUSAL = 3_000;

/** A subscription that runs until its page begins another one, or is at its end. */
export class Subscription {
  #socket;
  #wasRead = false;

  static async begin(address, operation, token) {
    const subscription = new Subscription();
    const socket = new Socket(address);
    subscription.#socket = socket;
    await socket.send({ type: 'connection_init', ...(token && { payload: { authorization: `Bearer ${token}` } }) });
    const { type } = await socket.next();
    if (type !== 'connection_ack') throw new Error('the socket was refused');
    await socket.send({ id: '1', type: 'subscribe', payload: { query: operation.query, variables: operation.variables } });
    return subscription;
  }

  /** The next frame, or how it ended. Pages leave heartbeats out, unless it is one that is `wanted`. */
  async next(wanted) {
    this.#wasRead = true;
    for (;;) {
      const message = await this.#socket.next();
      if (message.type === 'next' && isHeartbeat(message.payload) && !wanted?.includes('Heartbeat')) continue;
      if (message.type === 'next') return message.payload;
      if (message.type === 'error') return { errors: message.payload };
      return message;
    }
  }

  /** Throws if it was refused, and no page says so. */
  async end() {
    try {
      if (this.#wasRead || !(await this.#socket.has(REFUSAL))) return;
      const frame = await this.next();
      if (frame.errors) throw new Error(`the subscription is answered with errors: ${JSON.stringify(frame)}`);
    } finally {
      this.#socket.end();
    }
  }
}

function isHeartbeat({ data }) {
  return Object.values(data ?? {}).some((frame) => /Heartbeat$/.test(frame?.__typename ?? '') || Object.keys(frame ?? {}).length === 0);
}

/**
 * What goes over one socket, line by line: `→` to the server, `←` from it, each with a message, or with `close 4400 Invalid message`.
 * `fill` puts in what the reader knows, `hear` takes a message in, and says why it is not as expected.
 */
export async function converse(address, text, fill, hear) {
  const socket = new Socket(address);
  try {
    for (const line of text.split('\n').filter((one) => one.trim())) {
      const [, arrow, said] = /^\s*([→←])\s*(.*)$/.exec(line) ?? [];
      if (!arrow) throw new Error(`a line of a socket begins with → or ←: ${line}`);
      if (arrow === '→') {
        await socket.send(fill(said));
        continue;
      }
      const message = await socket.next();
      if (said.startsWith('close ')) {
        const closed = `close ${message.close} ${message.reason}`.trim();
        if (closed !== said.trim()) throw new Error(`${JSON.stringify(message)} came, not: ${said}`);
        continue;
      }
      const difference = hear(said, message);
      if (difference) throw new Error(`${difference}; ${JSON.stringify(message)} came, not: ${said}`);
    }
  } finally {
    socket.end();
  }
}
