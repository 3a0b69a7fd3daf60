// Somebody who reads one page from top to bottom, and does what it says.

import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, sep } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { transformSync } from 'esbuild';

import { ask, converse, operationsOf, Subscription } from './client.mjs';
import { differenceOf, matchesLines, readExpected } from './expected.mjs';
import { blocksOf } from './page.mjs';
import { Reader } from './reader.mjs';
import { freePort, ready, Server } from './server.mjs';
import { Shell } from './shell.mjs';

const PATIENCE = 120_000;
/** What a reader's clone has that no page needs, and that is large or made elsewhere. */
const LEFT_OUT = new Set(['node_modules', 'dist', '.tests', 'generated', '__generated__', 'target', 'data']);
/** What of the repository pages speak of. */
const CLONED = ['schema.graphql', 'linnet.default.toml', 'deploy', 'clients/typescript'];

export class Reading {
  ran = 0;
  /** Why blocks were not run, by how many. */
  notRun = new Map();
  #subscription;
  #typescript = new Set();

  /** `root` is the repository, `binary` the built server; `typecheck` checks files of TypeScript, and says what is wrong with them. */
  static async of(path, { root, binary, typecheck }) {
    const reading = new Reading();
    const port = await freePort();
    const place = mkdtempSync(join(tmpdir(), 'linnet-docs-'));
    const [folder, scratch, programs] = ['linnet', 'scratch', 'bin'].map((name) => join(place, name));
    [folder, scratch, programs].forEach((made) => mkdirSync(made));
    clone(root, folder);
    standIn(binary, programs);
    const environment = environmentWith(port, place, programs);
    Object.assign(reading, { path, root, place, folder, typecheck, name: path.slice(root.length + 1) });
    reading.reader = new Reader(`127.0.0.1:${port}`);
    reading.shell = new Shell(folder, environment, scratch);
    reading.server = new Server(binary, folder, environment, reading.reader.address);
    return reading;
  }

  /** Runs every block. Throws with the place of the first one that is not as the page says. */
  async read() {
    const blocks = blocksOf(this.path, this.name);
    const servesItself = blocks.some(({ words }) => words.has('serves'));
    if (!servesItself && blocks.some(({ words }) => !words.has('not-run'))) await this.server.start();
    for (const [index, block] of blocks.entries()) {
      await this.#run(block, blocks[index - 1], blocks.slice(index + 1)).catch((error) => {
        throw new Error(`${block.place}: ${error.message}`);
      });
    }
    const atTheEnd = async () => {
      await this.#subscription?.end();
      if (this.#typescript.size > 0) await this.typecheck([...this.#typescript]);
    };
    await atTheEnd().catch((error) => {
      throw new Error(`${this.name}: ${error.message}`);
    });
  }

  async end() {
    this.shell.end();
    await this.server.stop('SIGKILL');
    rmSync(this.place, { recursive: true, force: true });
  }

  async #run(block, before, after) {
    const { language, words } = block;
    if (words.has('not-run')) {
      const why = words.get('not-run');
      if (why === true) throw new Error('say why it is not run: `not-run=reason`');
      this.notRun.set(why, (this.notRun.get(why) ?? 0) + 1);
      return;
    }
    const text = this.reader.fill(block.text, language === 'ts' || language === 'js');
    switch (language) {
      case 'sh':
        await (words.has('stands-in') ? this.#standIn(text, words.get('stands-in')) : this.#sh(text, words));
        break;
      case 'graphql':
        await this.#graphql(block.text, words, after);
        break;
      case 'json':
        await this.#json(block.text, words, before);
        break;
      case 'text':
        await this.#text(block.text, words);
        break;
      case 'ts':
      case 'js':
      case 'toml':
        await this.#file(language, text);
        break;
      default:
        throw new Error(`nobody knows how to run a block of "${language}": run it, or say \`not-run=reason\``);
    }
    this.ran += 1;
  }

  async #sh(text, words) {
    this.answer = undefined;
    if (words.has('serves') || words.has('streams')) {
      this.printed = await this.shell.begin(text);
      this.printedUpTo = 0;
      if (words.has('serves')) await ready(this.reader.address, () => undefined);
      return;
    }
    const printed = await this.shell.run(text);
    this.printed = () => printed;
    this.printedUpTo = undefined;
    try {
      this.answer = JSON.parse(printed);
      this.reader.learn(this.answer);
    } catch {
      this.reader.hear(printed);
    }
  }

  /** Sends each operation of the block, as whoever signed in last or as somebody else who has. */
  async #graphql(text, words, [next, afterNext]) {
    const operations = operationsOf(text);
    if (operations.length === 0) throw new Error('there is no operation in it');
    const hasVariables = next?.words.has('variables') ?? false;
    const variables = hasVariables ? JSON.parse(this.reader.fill(next.text)) : undefined;
    const answer = hasVariables ? afterNext : next;
    const answersTheLast = answer?.language === 'json' && !answer.words.has('frame');
    for (const [index, operation] of operations.entries()) {
      // What the ones before have answered may be what this one needs, and who signed in.
      const token = this.reader.tokenOf(words.get('as'));
      const filled = { kind: operation.kind, query: this.reader.fill(operation.query), variables };
      if (operation.kind === 'subscription') {
        this.answer = undefined;
        // A page that begins another has done with the one before.
        await this.#subscription?.end();
        this.#subscription = await Subscription.begin(this.reader.address, filled, token);
        continue;
      }
      this.answer = await ask(this.reader.address, filled, token);
      this.reader.learn(this.answer);
      const isTold = answersTheLast && index === operations.length - 1;
      const went = JSON.stringify(this.answer);
      if (!isTold && /"errors":\[[^\]]/.test(went)) throw new Error(`it is answered with errors: ${went}`);
    }
  }

  async #json(text, words, before) {
    if (words.has('file')) {
      this.#write(words.get('file'), text);
      return;
    }
    if (words.has('variables')) {
      if (before?.language !== 'graphql') throw new Error('variables come right after their operation');
      return;
    }
    if (words.has('frame')) {
      const subscription = this.#subscription;
      if (!subscription) throw new Error('there is no subscription on this page so far');
      for (const expected of readExpected(text)) {
        const frame = await subscription.next(text);
        this.reader.learn(frame);
        this.#compare(expected, frame);
      }
      return;
    }
    if (this.answer === undefined) throw new Error('there is no answer that this could be');
    const [expected, ...others] = readExpected(text);
    if (others.length > 0) throw new Error('an answer is one value');
    this.#compare(expected, this.answer);
  }

  /** What each answer has, and pages leave out that are not about it, is the cost. */
  #compare(expected, actual) {
    const { extensions, ...rest } = actual;
    const difference = differenceOf(expected, 'extensions' in expected ? actual : rest);
    if (difference) throw new Error(`${difference}\n  in ${JSON.stringify(actual)}`);
  }

  async #text(written, words) {
    if (words.has('socket')) {
      const hear = (said, message) => {
        this.reader.learn(message);
        return differenceOf(readExpected(said)[0], message);
      };
      await converse(this.reader.address, written, (said) => this.reader.fill(said), hear);
      return;
    }
    if (!this.printed) throw new Error('nothing was run that could have printed this');
    if (this.printedUpTo === undefined) {
      if (!matchesLines(written, this.printed())) throw new Error(`this was printed:\n${this.printed()}`);
      return;
    }
    // Of what goes on beside the page: as much as is there by now, from where the last such block ended.
    for (const end = Date.now() + PATIENCE; ; await pause(50)) {
      const since = this.printed().slice(this.printedUpTo);
      const length = since.length;
      for (let upTo = since.indexOf('\n') + 1; upTo > 0; upTo = since.indexOf('\n', upTo) + 1) {
        if (!matchesLines(written, since.slice(0, upTo))) continue;
        this.printedUpTo += upTo;
        return;
      }
      if (Date.now() > end) throw new Error(`this was printed (${length} characters):\n${since}`);
    }
  }

  /** A file of the reader's: its name is in the comment that it begins with. */
  async #file(language, text) {
    const name = /^(?:\/\/|#) ([\w./-]+)$/m.exec(text.split('\n')[0])?.[1];
    if (!name) throw new Error('its first line has to say which file it is: `// name.ts`');
    const path = this.#write(name, text);
    if (language === 'toml' && basename(name) === 'linnet.toml' && this.server.isRunning) {
      await this.server.stop();
      await this.server.start();
    }
    // What sets up a project of its own compiles by itself.
    if (language !== 'ts' || this.shell.folder !== this.folder || name.includes('/')) return;
    this.#typescript.add(path);
    writeFileSync(path.replace(/\.ts$/, '.js'), transformSync(text, { loader: 'ts', target: 'node20', format: 'esm' }).code);
  }

  #write(name, text) {
    const path = join(this.shell.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\n`);
    return path;
  }

  /** In place of `npm install`: the packages of another project of the repository, if they are of the versions that the page asks for. */
  async #standIn(text, project) {
    await this.shell.run(text.replaceAll(/^npm install$/gm, ':'));
    const packages = join(this.root, project, 'node_modules');
    const { devDependencies } = JSON.parse(readFileSync(join(this.shell.folder, 'package.json'), 'utf8'));
    for (const [name, wanted] of Object.entries(devDependencies)) {
      const { version } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
      if (version !== wanted) throw new Error(`${project} has ${name} ${version}, and the page asks for ${wanted}`);
    }
    symlinkSync(packages, join(this.shell.folder, 'node_modules'));
  }
}

function clone(root, folder) {
  const isWanted = (path) => !path.split(sep).some((part) => LEFT_OUT.has(part)) && !path.endsWith('.tgz');
  for (const name of CLONED) {
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (path) => isWanted(path.slice(root.length)) });
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
}

/** `linnet` is the built binary, and so is what `cargo run --release` makes: the tests have built it already. */
function standIn(binary, programs) {
  symlinkSync(binary, join(programs, 'linnet'));
  const cargo = join(programs, 'cargo');
  writeFileSync(
    cargo,
    `#!/bin/sh
if [ "$1 $2" != "run --release" ]; then echo "only cargo run --release is stood in for: $*" >&2; exit 1; fi
shift 2
if [ "\${1:-}" = -- ]; then shift; fi
exec "${binary}" "$@"
`,
  );
  chmodSync(cargo, 0o755);
}

function environmentWith(port, home, programs) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LINNET_') && !name.startsWith('npm_'));
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    PATH: [programs, process.env.PATH].join(delimiter),
    LINNET_LISTEN: `127.0.0.1:${port}`,
    NO_COLOR: '1',
    // What was downloaded once need not be again.
    npm_config_cache: process.env.npm_config_cache ?? join(homedir(), '.npm'),
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
}
