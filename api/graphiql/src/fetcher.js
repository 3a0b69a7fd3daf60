import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';

const HTTP_URL = new URL('/graphql', location.href).href;
const SOCKET_URL = HTTP_URL.replace(/^http/, 'ws');

/**
 * How GraphiQL reaches the server: queries and mutations by POST, subscriptions over graphql-transport-ws.
 *
 * `onMutated` gets the answer to each mutation; `onRefused` is called when the server did not accept who is asking.
 */
export function createFetcher({ onMutated, onRefused }) {
  return async function fetcher(asked, { headers } = {}) {
    const { params, kind } = corrected(asked);
    if (kind === 'subscription') return subscription(params, headers, onRefused);
    const { status, answer } = await post(params, headers);
    if (status === 401 || isRefusal(answer.errors)) onRefused();
    if (kind === 'mutation') onMutated(answer);
    return answer;
  };
}

/**
 * What to send, and the kind of its operation, if the document can be read: the server says what is wrong with others.
 *
 * GraphiQL learns the operation's name from the editor a moment after its text has changed. Who opens a tab and runs it
 * at once would send the name of the tab before, so a name that the document doesn't have is left out.
 */
function corrected(params) {
  let document;
  try {
    document = parse(params.query);
  } catch {
    return { params };
  }
  const named = getOperationAST(document, params.operationName);
  if (named) return { params, kind: named.operation };
  const { operationName: _stale, ...rest } = params;
  return { params: rest, kind: getOperationAST(document)?.operation };
}

async function post(params, headers) {
  const response = await fetch(HTTP_URL, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json;q=0.9',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(params),
  });
  const { status } = response;
  const text = await response.text();
  try {
    return { status, answer: JSON.parse(text) };
  } catch {
    // A proxy in between, for one, answers in HTML: that is worth showing, not "unexpected token <".
    const message = `HTTP ${status} ${response.statusText}`.trim();
    return { status, answer: { errors: [{ message, body: text.slice(0, 2000) }] } };
  }
}

/**
 * One socket for each run. GraphiQL runs one operation at a time, so nothing is lost by that, and a token that has
 * changed in the headers pane holds from the next run on. The client is lazy: it connects for its subscription, again
 * if the connection is lost, and closes the socket when the subscription is over.
 */
function subscription(params, headers, onRefused) {
  const client = createClient({
    url: SOCKET_URL,
    connectionParams: connectionParams(headers),
    // A refused token does not get better by asking again.
    shouldRetry: (cause) => cause instanceof CloseEvent && !isRefusal(cause),
  });
  return {
    subscribe({ next, error, complete }) {
      const fail = (cause) => {
        if (isRefusal(cause)) onRefused();
        error(readable(cause));
      };
      return { unsubscribe: client.subscribe(params, { next, error: fail, complete }) };
    },
  };
}

/** A browser sends no headers of ours with a socket, so what the headers pane says of it goes into the init message. */
function connectionParams(headers) {
  const authorization = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return authorization ? { authorization } : undefined;
}

/** The socket is closed by 4401 or 4403 when its token is not, or no longer, good. */
function isRefusal(cause) {
  if (Array.isArray(cause)) return cause.some((error) => error.extensions?.code === 'UNAUTHENTICATED');
  return cause instanceof CloseEvent && (cause.code === 4401 || cause.code === 4403);
}

/** GraphiQL prints errors as JSON, in which a close event would be `{"isTrusted": true}`. */
function readable(cause) {
  if (cause instanceof CloseEvent) {
    return { message: `The socket was closed: ${cause.code} ${cause.reason}`.trim(), code: cause.code };
  }
  if (cause instanceof Event) return { message: 'The socket could not be opened.' };
  return cause;
}
