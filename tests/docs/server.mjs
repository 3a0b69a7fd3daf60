// The server that the reader of a page has: the built binary, which stands in for `cargo run --release`.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 120_000;

export async function freePort() {
  const listener = createServer();
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** Waits until a server takes requests. `hasEnded` says why none ever will. */
export async function ready(address, hasEnded) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(50)) {
    const why = hasEnded();
    if (why !== undefined) throw new Error(`the server has ended: ${why}`);
    if ((await fetch(`http://${address}/readyz`).catch(() => undefined))?.ok) return;
  }
  throw new Error(`no server answers at ${address}`);
}

export class Server {
  #child;
  #log = '';

  /** `environment` says where it listens. It keeps its data in `folder`, as it does without any settings. */
  constructor(binary, folder, environment, address) {
    Object.assign(this, { binary, folder, environment, address });
  }

  get isRunning() {
    return this.#child !== undefined;
  }

  async start() {
    const child = spawn(this.binary, ['serve'], { cwd: this.folder, env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#log += text));
    await ready(this.address, () => (child.exitCode === null ? undefined : this.#log));
  }

  /** Stops it: as an operator would, so that nothing of its data is lost; or at once, when those are not needed any more. */
  async stop(signal = 'SIGTERM') {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
    await ended;
    clearTimeout(late);
  }
}
