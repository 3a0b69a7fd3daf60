import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { Account } from './account.jsx';
import { fetcher } from './fetcher.js';
import { Placeholder } from './placeholder.jsx';
import { defaultTabs } from './tabs.js';

// GraphiQL keeps what is in its editors beside its tabs, and both do not always agree: on the first visit the variables of the first tab
// would be missing, and a reload would open a tab twice. The tabs are right.
const shown = storedTab() ?? defaultTabs[0];
for (const editor of ['query', 'variables', 'headers']) localStorage.setItem(`graphiql:${editor}`, shown[editor] ?? '');

function storedTab() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    return tabs[activeTabIndex];
  } catch {
    return undefined;
  }
}

const plugins = [HISTORY_PLUGIN, explorerPlugin()];

createRoot(document.getElementById('root')).render(
  <GraphiQL fetcher={fetcher} defaultTabs={defaultTabs} plugins={plugins} defaultEditorToolsVisibility="variables">
    <GraphiQL.Logo>
      <span className="linnet-logo">
        Linnet Graph<em>i</em>QL
      </span>
    </GraphiQL.Logo>
    <GraphiQL.Footer>
      <Account />
      <Placeholder />
    </GraphiQL.Footer>
  </GraphiQL>,
);
