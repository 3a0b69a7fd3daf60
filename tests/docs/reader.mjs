// What somebody who reads a page has learned so far, and puts into the examples that come next.

const TOKEN = /^ln[a-z]_/;

export class Reader {
  /** Values by the placeholder that stands for them: `thr_…`, `<eventCursor>`. */
  #known = new Map();
  /** Access tokens by the names of those who signed in. */
  #tokens = new Map();
  /** Whose token the next operation carries: whoever signed in last. */
  #current;

  /** `address` is where the server is that pages call `127.0.0.1:8080` or `localhost:8080`. */
  constructor(address) {
    this.address = address;
  }

  /** Remembers ids, tokens and whatever else an answer tells, the last of each kind. */
  learn(value) {
    if (Array.isArray(value)) value.forEach((item) => this.learn(item));
    if (value === null || typeof value !== 'object') return;
    if (typeof value.accessToken === 'string') {
      this.#current = value.accessToken;
      if (value.user?.username) this.#tokens.set(value.user.username, value.accessToken);
    }
    for (const [name, field] of Object.entries(value)) {
      if (typeof field === 'string') {
        this.#known.set(`<${name}>`, field);
        const prefix = /^[a-z]{3}_/.exec(field)?.[0];
        if (prefix) this.#known.set(`${prefix}…`, field);
      } else {
        this.learn(field);
      }
    }
  }

  /** Remembers the ids and tokens in what was printed. */
  hear(text) {
    for (const [id] of text.matchAll(/\b[a-z]{3}_[\w-]{20,}/g)) this.#known.set(`${id.slice(0, 4)}…`, id);
  }

  /** An example with what is known in the places of what stands for it. In programs, `<name>` is something else. */
  fill(text, isProgram = false) {
    return text
      .replaceAll(isProgram ? /\b[a-z]{3}_…/g : /\b[a-z]{3}_…|<[a-zA-Z]+>/g, (placeholder) => this.#known.get(placeholder) ?? placeholder)
      .replaceAll(/(127\.0\.0\.1|localhost):8080/g, this.address);
  }

  /** The token of somebody; of whoever signed in last, if nobody is named. */
  tokenOf(name) {
    if (name === undefined) return this.#current;
    if (name === 'nobody') return undefined;
    const token = TOKEN.test(name) ? this.#known.get(`${name}…`) : this.#tokens.get(name);
    if (!token) throw new Error(`nobody called ${name} has signed in on this page (their answer has to say \`user { username }\`)`);
    return token;
  }
}
