import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import type { Outcome } from './browser/page.js';
import { Proxy } from './support/proxy.js';
import { Server } from './support/server.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const CUTS = 10;

test(
  'in Chromium each frame is given once by both ways, and of ten tabs that wake up one refreshes',
  { timeout: 90_000 },
  async () => {
    const bundled = await build({
      entryPoints: [join(root, 'tests/browser/page.ts')],
      bundle: true,
      format: 'esm',
      write: false,
    });
    const server = await Server.start({ LINNET_ALLOWED_ORIGINS: '*' });
    const proxy = await Proxy.to(server.port);
    let planned = 0;
    proxy.nextCut = () => (planned++ < 2 * CUTS ? 1 + Math.floor(Math.random() * 10_000) : undefined);
    let told = (_: Outcome): void => {};
    const outcome = new Promise<Outcome>((resolve) => (told = resolve));
    const pages = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString()));
      request.on('end', () => {
        if (request.url === '/outcome') told(JSON.parse(body) as Outcome);
        if (request.url === '/page.js')
          return response.setHeader('content-type', 'text/javascript').end(bundled.outputFiles[0]?.text);
        const moved = request.url === '/move-the-clock' ? server.advance(16 * 60) : Promise.resolve();
        void moved.then(() =>
          response
            .setHeader('content-type', 'text/html')
            .end('<!doctype html><script type="module" src="/page.js"></script>'),
        );
      });
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    const control = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    const profile = await mkdtemp(join(tmpdir(), 'linnet-chromium-'));
    const switches = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      `--user-data-dir=${profile}`,
    ];
    const page = `${control}/?${new URLSearchParams({ control, direct: server.url, proxied: proxy.url })}`;
    const chromium = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', [...switches, page], { stdio: 'ignore' });
    const ended = new Promise((resolve) => chromium.once('exit', resolve));
    try {
      const { sent, byWay, refreshes, signedIn, ...rest } = await outcome;
      assert.deepEqual(rest, {});
      assert.equal(sent.length, 200);
      assert.deepEqual(byWay, { websocket: sent, sse: sent });
      assert.ok(proxy.cuts >= 2 * CUTS, `${proxy.cuts} cuts`);
      assert.ok(signedIn);
      assert.equal(refreshes, 1);
    } finally {
      chromium.kill('SIGKILL');
      await ended;
      pages.closeAllConnections();
      pages.close();
      await proxy.close();
      await server.stop();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
