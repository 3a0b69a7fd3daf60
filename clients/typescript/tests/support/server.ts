// The real server, started for one file of tests: the binary that LINNET_BIN names, built with the test control.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './eventually.js';

// A file of tests that takes too long is asked to end, and takes its servers with it.
process.once('SIGTERM', () => process.exit(1));

export class Server {
  readonly port: number;
  readonly #data: string;
  readonly #settings: Record<string, string>;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, data: string, settings: Record<string, string>) {
    this.port = port;
    this.#data = data;
    this.#settings = settings;
  }

  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), 'linnet-client-'));
    const server = new Server(await freePort(), data, settings);
    await server.launch();
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `${this.origin}/graphql`;
  }

  /** Starts it, on the same port and the same data as before. */
  async launch(): Promise<void> {
    const child = spawn(binary(), ['serve'], { cwd: this.#data, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (text: Buffer) => (this.#log += text.toString()));
    child.stderr.on('data', (text: Buffer) => (this.#log += text.toString()));
    this.#process = child;
    process.once('exit', () => child.kill('SIGKILL'));
    await eventually('the server to be ready', async () => {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${this.#log}`);
      return (await fetch(`${this.origin}/readyz`).catch(() => undefined))?.ok ?? false;
    });
  }

  /** Runs another of its commands, on the same data. */
  command(...words: string[]): void {
    execFileSync(binary(), words, { cwd: this.#data, env: this.#env });
  }

  /** Ends it as a power cut would; or by asking it to. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }

  get #env(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LINNET_'));
    return {
      ...Object.fromEntries(inherited),
      LINNET_LISTEN: `127.0.0.1:${this.port}`,
      LINNET_DATA_DIR: this.#data,
      LINNET_RATE_LIMITS: 'off',
      ...this.#settings,
    };
  }

  /** One of the routes that only a test build has. */
  async control(route: string, body: unknown = {}): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.origin}/test/${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`/test/${route} answered ${answer.status}: is this a test build?`);
  }

  /** Moves the server's clock. */
  async advance(seconds: number): Promise<void> {
    await this.control('clock', { advanceSeconds: seconds });
  }
}

function binary(): string {
  const name = process.env.LINNET_BIN;
  if (!name) throw new Error('LINNET_BIN names no binary of the server');
  return name;
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
