// An endpoint that streams answers as OpenAI's protocol does, piece by piece, as a test lets it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Endpoint {
  readonly #listener: Server;
  #waiting: (() => void)[] = [];
  #pieces = 0;
  /** What it says next, piece by piece; a number is a status that it refuses with. */
  answer: readonly string[] | number = [];

  private constructor() {
    this.#listener = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<Endpoint> {
    const endpoint = new Endpoint();
    await new Promise<void>((resolve) => endpoint.#listener.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  /** What tells a server of it. */
  get settings(): Record<string, string> {
    const { port } = this.#listener.address() as AddressInfo;
    return {
      LINNET_ASSISTANT_ENDPOINT: `http://127.0.0.1:${port}/v1/`,
      LINNET_ASSISTANT_KEY: 'a key',
      LINNET_ASSISTANT_MODEL: 'parrot-1',
      LINNET_ASSISTANT_ATTEMPTS: '1',
    };
  }

  /** Lets so many pieces through. */
  letThrough(pieces: number): void {
    this.#pieces += pieces;
    this.#waiting.splice(0).forEach((go) => go());
  }

  close(): void {
    this.#listener.closeAllConnections();
    this.#listener.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { answer } = this;
    if (typeof answer === 'number')
      return void response.writeHead(answer, { 'content-type': 'application/json' }).end('{"error":{}}');
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    for (const content of answer) {
      while (this.#pieces === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#pieces -= 1;
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    }
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`);
    response.end('data: [DONE]\n\n');
  }
}
