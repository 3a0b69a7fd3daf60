// A proxy between a client and a server that does what networks do.

import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

export class Proxy {
  readonly #listener: Server;
  readonly #target: number;
  readonly #connections = new Set<[Socket, Socket]>();
  /** After how many bytes from the server a new connection is cut, if at all. */
  nextCut: () => number | undefined = () => undefined;
  /** Connections that were cut off. */
  cuts = 0;
  /** Connections that were taken. */
  taken = 0;
  /** Sockets that were asked for, of those connections. */
  upgrades = 0;
  #isOpen = true;
  #refusesUpgrades = false;
  #loseAnswer: ((request: string) => boolean) | undefined;

  private constructor(listener: Server, target: number) {
    this.#listener = listener;
    this.#target = target;
    listener.on('connection', (client) => this.#take(client));
  }

  static async to(port: number): Promise<Proxy> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return new Proxy(listener, port);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}/graphql`;
  }

  /** Cuts off who is connected, and refuses who comes. */
  shut(): void {
    this.#isOpen = false;
    this.cutAll();
  }

  open(): void {
    this.#isOpen = true;
  }

  cutAll(): void {
    for (const pair of this.#connections) this.#cut(pair);
  }

  /** From here on takes what either side says, hands nothing on and closes nothing; who comes later is served. */
  swallow(): void {
    for (const [client, server] of this.#connections) {
      for (const from of [client, server]) {
        from.removeAllListeners('data');
        from.on('data', () => {});
        from.resume();
      }
    }
  }

  /** Is one of those that know nothing of WebSockets, or is so no longer. */
  refuseUpgrades(refuses = true): void {
    this.#refusesUpgrades = refuses;
  }

  /** Hands the next request that fits on to the server, and loses the connection when the answer comes. */
  loseAnswerTo(fits: (request: string) => boolean): void {
    this.#loseAnswer = fits;
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #take(client: Socket): void {
    this.taken += 1;
    client.on('error', () => {});
    if (!this.#isOpen) return void client.destroy();
    const server = connect(this.#target, '127.0.0.1');
    server.on('error', () => {});
    const pair: [Socket, Socket] = [client, server];
    this.#connections.add(pair);
    let isLost = false;
    client.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      const isUpgrade = /^upgrade: websocket/im.test(text);
      if (isUpgrade) this.upgrades += 1;
      if (isUpgrade && this.#refusesUpgrades) {
        client.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return void server.destroy();
      }
      if (this.#loseAnswer?.(text)) {
        isLost = true;
        this.#loseAnswer = undefined;
      }
      server.write(bytes);
    });
    let left = this.nextCut();
    server.on('data', (bytes: Buffer) => {
      if (isLost) return this.#cut(pair);
      if (left !== undefined && bytes.length >= left) {
        // Exactly so many bytes have come, wherever in a frame that is.
        client.write(bytes.subarray(0, left), () => this.#cut(pair));
        left = Infinity;
        return void server.pause();
      }
      if (left !== undefined) left -= bytes.length;
      if (!client.write(bytes)) {
        server.pause();
        client.once('drain', () => server.resume());
      }
    });
    const end = (): void => {
      this.#connections.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('close', end);
    server.on('close', end);
  }

  #cut(pair: [Socket, Socket]): void {
    if (!this.#connections.delete(pair)) return;
    this.cuts += 1;
    pair.forEach((socket) => socket.destroy());
  }
}
