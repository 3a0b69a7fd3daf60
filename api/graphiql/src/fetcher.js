import { getOperationAST, parse } from 'graphql';

import { authorization, serverTime, take, wasRefused } from './session.js';
import { subscription } from './subscription.js';

const HTTP_URL = new URL('/graphql', location.href).href;

/**
 * How GraphiQL reaches the server: queries and mutations by POST, subscriptions over graphql-transport-ws. Both speak for whoever is
 * signed in, unless the headers pane has an `Authorization` of its own; an empty one stands for nobody.
 */
export async function fetcher(asked, { headers = {} } = {}) {
  const { params, operation } = corrected(asked);
  if (operation?.operation === 'subscription') return subscription(params, operation, own(headers));
  return post(params, headers, operation);
}

/**
 * What to send, and its operation, if the document can be read: the server says what is wrong with others.
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
  if (named) return { params, operation: named };
  const { operationName: _stale, ...rest } = params;
  return { params: rest, operation: getOperationAST(document) };
}

/** The `Authorization` of the headers pane; undefined if it has none. */
function own(headers) {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

async function post(params, headers, operation) {
  const header = own(headers) === undefined ? await authorization() : undefined;
  let response = await send(params, headers, header);
  if (response.status === 401 && header && (await wasRefused(header))) {
    response = await send(params, headers, await authorization());
  }
  const { status } = response;
  const text = await response.text();
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    // A proxy in between, for one, answers in HTML: that is worth showing, not "unexpected token <".
    const message = `HTTP ${status} ${response.statusText}`.trim();
    return { errors: [{ message, body: text.slice(0, 2000) }] };
  }
  if (operation?.operation === 'mutation') take(answer.data, serverTime(response));
  return answer;
}

function send(params, headers, header) {
  const given = Object.entries(headers).filter(([name, value]) => name.toLowerCase() !== 'authorization' || value);
  return fetch(HTTP_URL, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json;q=0.9',
      'content-type': 'application/json',
      ...(header && { authorization: header }),
      ...Object.fromEntries(given),
    },
    body: JSON.stringify(params),
  });
}
