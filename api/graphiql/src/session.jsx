import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState } from 'react';

const SIGNED_IN =
  'Signed in: the access token is in the Headers pane now, for HTTP and subscriptions, in other tabs too.';
const REFUSED =
  'The access token in the Headers pane was no longer valid, and is taken out. Sign in again: tab SignIn.';

/**
 * Keeps the headers pane up with the session: a fresh access token goes into it, of this tab at once and of the others
 * when they are shown, and a token that the server refuses comes out again. It is all there to see and to change: a
 * token that was pasted by hand is left alone, and `{}` keeps a tab anonymous.
 *
 * `events` brings `token`, with the token as its detail, and `refused`.
 */
export function Session({ events }) {
  const { headerEditor, tabId } = useGraphiQL((state) => ({
    headerEditor: state.headerEditor,
    tabId: state.tabs[state.activeTabIndex]?.id,
  }));
  const { updateActiveTabValues } = useGraphiQLActions();
  const [notice, setNotice] = useState(null);

  useEffect(() => {
    if (!headerEditor) return undefined;

    const write = (headers) => {
      headerEditor.setValue(headers);
      // GraphiQL would do so itself a moment later, and lose it if the tab is left before.
      updateActiveTabValues({ headers });
    };
    const onToken = ({ detail: token }) => {
      ours.add(token);
      const headers = withToken(headerEditor.getValue(), token);
      if (headers === undefined) return;
      write(headers);
      showPane('headers');
      setNotice({ tabId, text: SIGNED_IN });
    };
    const onRefused = () => {
      const text = headerEditor.getValue();
      if (!ours.has(tokenIn(text))) return;
      ours.drop();
      write(withToken(text, null));
      setNotice({ tabId, text: REFUSED });
    };

    const text = headerEditor.getValue();
    const current = ours.current();
    if (text.trim() === '' ? current !== null : ours.has(tokenIn(text)) && tokenIn(text) !== current) {
      write(withToken(text, current));
    }

    events.addEventListener('token', onToken);
    events.addEventListener('refused', onRefused);
    return () => {
      events.removeEventListener('token', onToken);
      events.removeEventListener('refused', onRefused);
    };
  }, [headerEditor, tabId]);

  useEffect(() => {
    if (notice === null || notice.tabId === tabId) return;
    // The headers were brought to the front in the tab that signed in; what the other tabs need is their variables.
    if (notice.text === SIGNED_IN) showPane('variables');
    setNotice(null);
  }, [notice, tabId]);

  if (notice === null) return null;
  return (
    <p className="linnet-notice" role="status">
      {notice.text}
    </p>
  );
}

/** The first `accessToken` anywhere in an answer, whatever mutation and alias it came by. */
export function accessTokenIn(data) {
  if (data === null || typeof data !== 'object') return undefined;
  if (typeof data.accessToken === 'string') return data.accessToken;
  for (const value of Object.values(data)) {
    const token = accessTokenIn(value);
    if (token) return token;
  }
  return undefined;
}

/**
 * The tokens that the page itself has written into headers, the newest first. They are remembered over a reload, since
 * GraphiQL keeps each tab's headers, and only an older token of ours may give way to the newest.
 */
const ours = {
  KEY: 'linnet:tokens',
  read() {
    try {
      const { current = null, written = [] } = JSON.parse(localStorage.getItem(this.KEY)) ?? {};
      return { current, written };
    } catch {
      return { current: null, written: [] };
    }
  },
  current() {
    return this.read().current;
  },
  has(token) {
    return this.read().written.includes(token);
  },
  add(token) {
    const written = [token, ...this.read().written.filter((other) => other !== token)].slice(0, 20);
    localStorage.setItem(this.KEY, JSON.stringify({ current: token, written }));
  },
  drop() {
    localStorage.setItem(this.KEY, JSON.stringify({ ...this.read(), current: null }));
  },
};

/** The headers with this token, or without any, in place of whichever was there; undefined if they can't be read. */
function withToken(text, token) {
  const headers = parse(text);
  if (headers === undefined) return undefined;
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization');
  const entries = token === null ? others : [['Authorization', `Bearer ${token}`], ...others];
  return entries.length === 0 ? '' : JSON.stringify(Object.fromEntries(entries), null, 2);
}

function tokenIn(text) {
  const value = Object.entries(parse(text) ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return typeof value === 'string' ? value.replace(/^Bearer\s+/i, '') : undefined;
}

function parse(text) {
  if (text.trim() === '') return {};
  try {
    const headers = JSON.parse(text);
    return headers !== null && typeof headers === 'object' ? headers : undefined;
  } catch {
    return undefined;
  }
}

/** GraphiQL has no way to ask for a pane but its own button. */
function showPane(name) {
  document.querySelector(`.graphiql-editor-tools button[data-name="${name}"]`)?.click();
}
