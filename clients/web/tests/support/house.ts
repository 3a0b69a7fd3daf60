// A server with the pages of this example: its own, if it was built with the same, or else Vite's before it.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinnet, type Linnet } from '@linnet/client';
import { preview, type PreviewServer } from 'vite';

import { Proxy } from '../../../typescript/tests/support/proxy.js';
import { Server } from '../../../typescript/tests/support/server.js';

/** What `npm test` has built. */
const BUILT = join(dirname(fileURLToPath(import.meta.url)), '../../../../app');

export class House {
  readonly server: Server;
  readonly #pages: PreviewServer | undefined;
  readonly #proxies: Proxy[] = [];

  private constructor(server: Server, pages: PreviewServer | undefined) {
    this.server = server;
    this.#pages = pages;
  }

  static async open(settings: Record<string, string> = {}): Promise<House> {
    const server = await Server.start(settings);
    const index = await fetch(`${server.origin}/app/`).then((answer) => answer.text());
    const isServed = index === (await readFile(join(BUILT, 'index.html'), 'utf8'));
    return new House(server, isServed ? undefined : await serve(server));
  }

  /** A way there of somebody's own, which can be cut. */
  async way(): Promise<Proxy> {
    const address = this.#pages?.httpServer.address();
    const proxy = await Proxy.to(typeof address === 'object' && address ? address.port : this.server.port);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A client beside the pages, whose way is never cut. */
  client(): Linnet {
    return createLinnet({ url: this.server.url, streams: 'sse' });
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await this.#pages?.close();
    await this.server.stop();
  }
}

async function serve(server: Server): Promise<PreviewServer> {
  process.env.LINNET_URL = server.origin;
  const root = join(BUILT, '../..');
  return await preview({ root, logLevel: 'silent', build: { outDir: BUILT }, preview: { host: '127.0.0.1', port: 0 } });
}
