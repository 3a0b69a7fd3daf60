// The terminal of somebody who reads a page: one shell, in which what was set and where one went stays from block to block.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PATIENCE = 400_000;

export class Shell {
  #child;
  #told = '';
  #wake = () => {};
  #number = 0;
  /** Process groups of what goes on beside the page. */
  #besides = [];

  /** `scratch` is a folder for what passes between the shell and whoever types into it. */
  constructor(folder, environment, scratch) {
    this.folder = folder;
    this.scratch = scratch;
    const child = spawn('bash', ['--noprofile', '--norc'], {
      cwd: folder,
      env: environment,
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    child.stdio[3].on('data', (text) => {
      this.#told += text;
      this.#wake();
    });
    child.on('exit', () => this.#wake());
    this.#child = child;
    // A job of its own for what runs beside, so that all of it can be ended.
    child.stdin.write('set -euo pipefail; set -m\n');
  }

  /** Runs a block to its end, and gives what it printed. */
  async run(text) {
    const { block, printed } = this.#write(text);
    this.#child.stdin.write(`. ${block} >${printed} 2>&1 </dev/null; echo "$PWD" >&3\n`);
    try {
      this.folder = await this.#line();
    } catch (error) {
      throw new Error(`${error.message}:\n${readFileSync(printed, 'utf8')}`);
    }
    return readFileSync(printed, 'utf8');
  }

  /** Runs a block beside the page, and gives a function for what it has printed so far. */
  async begin(text) {
    const { block, printed } = this.#write(text);
    this.#child.stdin.write(`( . ${block} ) >${printed} 2>&1 </dev/null & echo $! >&3\n`);
    this.#besides.push(Number(await this.#line()));
    return () => readFileSync(printed, 'utf8');
  }

  /** Ends the shell, and all that runs beside it. */
  end() {
    for (const group of this.#besides) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    this.#child.kill('SIGKILL');
  }

  #write(text) {
    this.#number += 1;
    const [block, printed] = [`block-${this.#number}.sh`, `printed-${this.#number}`].map((name) => join(this.scratch, name));
    writeFileSync(block, `${text}\n`);
    writeFileSync(printed, '');
    return { block, printed };
  }

  async #line() {
    for (const end = Date.now() + PATIENCE; !this.#told.includes('\n'); ) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error('a command failed');
      if (Date.now() > end) throw new Error('it takes too long');
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
    const [line, ...rest] = this.#told.split('\n');
    this.#told = rest.join('\n');
    return line;
  }
}
