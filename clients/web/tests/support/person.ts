// Somebody with a browser, and an account that the test knows, too.

import { randomBytes } from 'node:crypto';
import { LinnetError, type Linnet, type UserFieldsFragment as User } from '@linnet/client';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from 'playwright-core';

import type { Proxy } from '../../../typescript/tests/support/proxy.js';
import type { House } from './house.js';

/** How long a page may take, on a machine that has much else to do. */
export const PATIENCE_MS = 60_000;

/** What a browser says of a network that is away. */
const ABOUT_THE_NETWORK = /net::ERR_|WebSocket connection|status of 50\d/;

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  });
}

export class Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** The network between their browser and the server. */
  readonly network: Proxy;
  readonly #troubles: string[] = [];

  private constructor(page: Page, context: BrowserContext, network: Proxy) {
    this.page = page;
    this.context = context;
    this.network = network;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.#troubles.push(`script error: ${error.stack ?? error.message}`));
    page.on('console', (said) => said.type() === 'error' && this.#troubles.push(`console: ${said.text()}`));
  }

  /** Somebody whom nobody knows yet. */
  static async stranger(
    house: House,
    browser: Browser,
    options: BrowserContextOptions = {},
    linnet?: Linnet,
  ): Promise<Person> {
    const network = await house.way();
    const tokens = await linnet?.tokens();
    const localStorage = tokens ? [{ name: 'linnet.tokens', value: JSON.stringify(tokens) }] : [];
    const origin = new URL(network.url).origin;
    const context = await browser.newContext({
      baseURL: origin,
      storageState: { cookies: [], origins: [{ origin, localStorage }] },
      ...options,
    });
    return new Person(await context.newPage(), context, network);
  }

  async visit(path = ''): Promise<void> {
    await this.page.goto(`/app/${path}`);
  }

  /** Comes to a thread, and waits until it is there to be written in. */
  async openThread(threadId: string): Promise<void> {
    await this.visit(`threads/${threadId}`);
    await this.field.waitFor();
  }

  get field(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to/ });
  }

  async say(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press('Enter');
  }

  /** The messages that the thread shows, on their way or not. */
  get messages(): Locator {
    return this.page.getByRole('list', { name: 'Messages' }).locator('> .message');
  }

  message(text: string): Locator {
    return this.messages.filter({ has: this.page.locator('.bubble__text', { hasText: text }) });
  }

  /** What all messages say that are shown. */
  async contents(): Promise<string[]> {
    return await this.messages.locator('.bubble__text').allInnerTexts();
  }

  /** Does something to a message. */
  async act(text: string, action: 'React' | 'Reply' | 'Edit' | 'Delete'): Promise<void> {
    await this.message(text).hover();
    // As a touch does it.
    await this.message(text).focus();
    await this.message(text).getByRole('button', { name: action, exact: true }).click();
  }

  line(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name });
  }

  /** What the browser complained of; but for a network that was cut by the test. */
  troubles({ wasCut = false } = {}): string[] {
    return wasCut ? this.#troubles.filter((trouble) => !ABOUT_THE_NETWORK.test(trouble)) : this.#troubles;
  }
}

/** An account, and a client of it. */
export interface Account {
  readonly linnet: Linnet;
  readonly user: User;
}

export const PASSWORD = 'a long secret';

/** A name that sorts and reads like the one given, and is nobody else's. */
export function unique(name: string): string {
  return `${name}-${randomBytes(4).toString('hex')}`;
}

export async function account(house: House, name: string): Promise<Account> {
  const linnet = house.client();
  const username = unique(name.toLowerCase());
  const email = `${username}@example.org`;
  const user = await linnet.signUp({ username, email, password: PASSWORD, displayName: name });
  return { linnet, user };
}

/** Somebody with an account, who is signed in. */
export async function person(
  house: House,
  browser: Browser,
  name: string,
  options: BrowserContextOptions = {},
): Promise<Person & Account> {
  const { linnet, user } = await account(house, name);
  return Object.assign(await Person.stranger(house, browser, options, linnet), { linnet, user });
}

/** The payload of a mutation, of which nothing was wrong. */
export function done<P extends { errors: Parameters<typeof LinnetError.refused>[0] }>(payload: P): P {
  if (payload.errors.length > 0) throw LinnetError.refused(payload.errors);
  return payload;
}
