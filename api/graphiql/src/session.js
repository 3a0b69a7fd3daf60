// Who is signed in here: the tokens that the last sign-in gave, for every request and every socket of the page.
//
// They lie in the browser's storage, so that a reload and other windows have them too. The page is a tool for developers; an application
// for others decides for itself where it keeps them.

const KEY = 'linnet:session';
/** How long before an access token runs out it is traded for a new one. */
const EARLY = 60_000;

/** `sign-in`: of somebody new. `change`: of whatever the page shows. */
const events = new EventTarget();
let state = read();
let notice = null;
let refreshing = null;
let timer;

addEventListener('storage', ({ key }) => {
  if (key !== KEY && key !== null) return;
  state = read();
  changed();
});

/** For React's `useSyncExternalStore`. */
export const session = {
  subscribe(listener) {
    events.addEventListener('change', listener);
    return () => events.removeEventListener('change', listener);
  },
  /** `{ accessToken, username, isGuest }`, or null. */
  current: () => state,
  /** What there is to say beside that, such as why nobody is signed in any more. */
  notice: () => notice,
};

/**
 * Takes the tokens of a mutation's answer, if there are any, by whatever field and alias they came.
 *
 * `answeredAt` is the server's time: how long a token is good for does not depend on the clock of this machine.
 */
export function take(data, answeredAt) {
  const payload = tokensIn(data);
  if (!payload) return;
  const { accessToken, refreshToken = null, accessTokenExpiresAt, user } = payload;
  const lifetime = Date.parse(accessTokenExpiresAt) - answeredAt;
  keep({
    accessToken,
    refreshToken,
    // Unknown if the mutation did not ask for it: then the server says so when the token has run out.
    expiresAt: Number.isNaN(lifetime) ? null : Date.now() + lifetime,
    username: user?.username ?? null,
    isGuest: user?.kind === 'GUEST',
  });
  if (!state.username || !user?.kind) void learnName();
}

/** The header that speaks for whoever is signed in, with a token that is good for a while; undefined if nobody is. */
export async function authorization() {
  if (state?.expiresAt && state.expiresAt - Date.now() < EARLY) await refresh(state.accessToken);
  return state ? `Bearer ${state.accessToken}` : undefined;
}

/** The server did not take this header. True if there is another one now, to ask again with. */
export async function wasRefused(header) {
  if (!state) return false;
  if (header === `Bearer ${state.accessToken}`) await refresh(state.accessToken);
  return state !== null;
}

/** Ends the session, and forgets its tokens whether or not the server could be told. */
export async function signOut() {
  const { username } = state;
  const header = await authorization();
  keep(null, username ? `${username} has signed out.` : 'Signed out.');
  if (header) await ask('mutation { sessionRevoke(input: {}) { revokedId } }', {}, header).catch(() => {});
}

/** Trades the refresh token, once for all who wait. Another window may have done it meanwhile. */
function refresh(old) {
  refreshing ??= trade(old).finally(() => (refreshing = null));
  return refreshing;
}

async function trade(old) {
  state = read();
  if (state?.accessToken !== old) return changed();
  if (!state.refreshToken) {
    const why = 'The access token has run out, and there is no refresh token: select `refreshToken` when you sign in.';
    return keep(null, why);
  }
  const document = `mutation ($input: SessionRefreshInput!) {
    sessionRefresh(input: $input) { accessToken accessTokenExpiresAt refreshToken user { username kind } }
  }`;
  let answer;
  try {
    answer = await ask(document, { input: { refreshToken: state.refreshToken } });
  } catch {
    // The server is away, which what is asked next will tell. The tokens may be good still.
    return undefined;
  }
  if (answer.data?.sessionRefresh?.accessToken) return take(answer.data, answer.answeredAt);
  if (!answer.errors) keep(null, 'The session has ended. Sign in again.');
  return undefined;
}

/** Asks who it is, for mutations that did not. */
async function learnName() {
  const header = `Bearer ${state.accessToken}`;
  const { data } = await ask('{ viewer { user { username kind } } }', {}, header).catch(() => ({}));
  const user = data?.viewer?.user;
  if (user && `Bearer ${state?.accessToken}` === header) {
    keep({ ...state, username: user.username, isGuest: user.kind === 'GUEST' });
  }
}

async function ask(query, variables, header) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(header && { authorization: header }) },
    body: JSON.stringify({ query, variables }),
  });
  return { ...(await response.json()), answeredAt: serverTime(response) };
}

/** When the server answered, by its own clock. */
export function serverTime(response) {
  const date = Date.parse(response.headers.get('date'));
  return Number.isNaN(date) ? Date.now() : date;
}

function keep(next, why = null) {
  state = next;
  notice = why;
  if (next) localStorage.setItem(KEY, JSON.stringify(next));
  else localStorage.removeItem(KEY);
  changed();
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function changed() {
  clearTimeout(timer);
  if (state?.expiresAt && state.refreshToken) {
    timer = setTimeout(authorization, Math.max(state.expiresAt - Date.now() - EARLY + 1000, 1000));
  }
  events.dispatchEvent(new Event('change'));
}

function tokensIn(data) {
  if (data === null || typeof data !== 'object') return undefined;
  if (typeof data.accessToken === 'string') return data;
  for (const value of Object.values(data)) {
    const found = tokensIn(value);
    if (found) return found;
  }
  return undefined;
}

// Of a session that an earlier visit left.
changed();
