import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { createFetcher } from './fetcher.js';
import { accessTokenIn, Session } from './session.jsx';
import { defaultTabs } from './tabs.js';

// GraphiQL fills the first tab's editors from what it last stored, not from `defaultTabs`: without this its variables
// would be missing on the first visit.
if (!localStorage.getItem('graphiql:tabState')) {
  localStorage.setItem('graphiql:query', defaultTabs[0].query);
  localStorage.setItem('graphiql:variables', defaultTabs[0].variables);
}

const session = new EventTarget();
const fetcher = createFetcher({
  onMutated({ data }) {
    const token = accessTokenIn(data);
    if (token) session.dispatchEvent(new CustomEvent('token', { detail: token }));
  },
  onRefused: () => session.dispatchEvent(new Event('refused')),
});
const plugins = [HISTORY_PLUGIN, explorerPlugin()];

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={defaultTabs}
    plugins={plugins}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders
  >
    <GraphiQL.Logo>
      <span className="linnet-logo">
        Linnet Graph<em>i</em>QL
      </span>
    </GraphiQL.Logo>
    <GraphiQL.Footer>
      <Session events={session} />
    </GraphiQL.Footer>
  </GraphiQL>,
);
