// A window of GraphiQL, used the way a person does, and what it asked the network for meanwhile.

import { chromium } from 'playwright-core';

const PATIENCE = 30_000;

export function expect(truth, otherwise) {
  if (!truth) throw new Error(otherwise);
}

export async function until(what, condition) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Chromium, to which no name resolves but the server's own: whatever a page wants from elsewhere fails, and is told by `Traffic`. */
export function launch(base) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${base.hostname}`,
    ],
  });
}

/** What all windows of a browser asked for, and what went wrong in them. */
export class Traffic {
  foreign = new Set();
  troubles = [];
  /** Messages to the server over sockets. */
  sent = [];
  /** `{ query, variables, authorization }` of each operation by HTTP. */
  asked = [];

  constructor(base) {
    this.base = base;
  }

  watch(context) {
    const own = (url) => {
      const { protocol, host } = new URL(url);
      return protocol === 'data:' || protocol === 'blob:' || protocol === 'about:' || host === this.base.host;
    };
    context.on('request', (request) => {
      if (!own(request.url())) this.foreign.add(request.url());
      if (request.method() === 'POST' && request.url() === new URL('/graphql', this.base).href) {
        this.asked.push({ ...request.postDataJSON(), authorization: request.headers().authorization });
      }
    });
    context.on('weberror', (error) => this.troubles.push(`script error: ${error.error().message}`));
    // A refused token is answered by 401, which the browser tells, too; the page deals with it.
    const expected = /the server responded with a status of 401/;
    context.on('console', (message) => {
      if (message.type() === 'error' && !expected.test(message.text())) this.troubles.push(`console: ${message.text()}`);
    });
    context.on('page', (page) =>
      page.on('websocket', (socket) => {
        if (!own(socket.url())) this.foreign.add(socket.url());
        socket.on('framesent', ({ payload }) => this.sent.push(JSON.parse(payload)));
      }),
    );
  }

  /** The socket messages of a type. */
  messages(type) {
    return this.sent.filter((message) => message.type === type);
  }

  refreshes() {
    return this.asked.filter(({ query }) => query.includes('sessionRefresh')).length;
  }
}

export class Window {
  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
  }

  /** Waits until the element shows what is looked for; Monaco shows spaces as no-break spaces. */
  async shows(selector, wanted) {
    let shown = '';
    const isThere = () => (wanted instanceof RegExp ? wanted.test(shown) : shown.includes(wanted));
    await until(`"${wanted}" in ${selector}`, async () => {
      const found = await this.page.locator(selector).allInnerTexts();
      shown = found.join('\n').replaceAll('\u00a0', ' ');
      return isThere();
    }).catch((error) => {
      throw new Error(`${error.message}; it shows: ${shown.slice(0, 600) || 'nothing'}`);
    });
    return shown;
  }

  async openTab(title) {
    await this.page.locator(`.graphiql-tab-button[title="${title}"]`).click();
    await this.shows('.graphiql-query-editor .view-lines', title);
  }

  async run() {
    await this.page.locator('.graphiql-execute-button').click();
  }

  /** The text of the response pane, from top to bottom: Monaco does not keep its lines in that order. */
  async response() {
    const lines = await this.page.locator('.graphiql-response .view-line').evaluateAll((found) =>
      found
        .map((line) => [Number.parseFloat(line.style.top), line.innerText])
        .sort(([one], [other]) => one - other)
        .map(([, text]) => text),
    );
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** Opens a tab, runs it, and waits for its answer. */
  async ask(title, wanted = '"data"') {
    await this.openTab(title);
    await this.run();
    await this.shows('.graphiql-response .view-lines', wanted);
  }

  async write(pane, value) {
    await this.page.locator('.graphiql-editor-tools button', { hasText: pane }).click();
    const editor = `section[aria-label="${pane}"] .graphiql-editor:not(.hidden) .view-lines`;
    await this.page.locator(editor).click();
    await this.page.keyboard.press('Control+A');
    // Pasted, not typed: Monaco closes the brackets and quotes of typed text by itself.
    const text = JSON.stringify(value, null, 2);
    await this.page.evaluate((pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }, text);
    await this.shows(editor, text.split('\n')[1] ?? text);
  }

  /** Waits for the line that says who is signed in. */
  account(wanted) {
    return this.shows('.linnet-account', wanted);
  }

  /** The header that the page sends, as that line has it. */
  header() {
    return this.page.locator('.linnet-account code').getAttribute('title');
  }
}
