import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

/** Stands for what a stream's last frame told, in the variables of the tabs that come after it. */
const PLACEHOLDER = '"<cursor of the last frame>"';
let lastCursor = null;

/** Remembers how far the stream of a thread has come. */
export function remember(cursor) {
  lastCursor = cursor ?? lastCursor;
}

/**
 * Fills in the placeholder among a tab's variables when it is shown, if what it stands for is known by then. What is filled in is there to
 * see and to change.
 */
export function Placeholder() {
  const { variableEditor, tabId } = useGraphiQL((state) => ({
    variableEditor: state.variableEditor,
    tabId: state.tabs[state.activeTabIndex]?.id,
  }));
  const { updateActiveTabValues } = useGraphiQLActions();

  useEffect(() => {
    if (!variableEditor) return;
    const text = variableEditor.getValue();
    if (lastCursor === null || !text.includes(PLACEHOLDER)) return;
    const variables = text.replaceAll(PLACEHOLDER, JSON.stringify(lastCursor));
    variableEditor.setValue(variables);
    // GraphiQL would do so itself a moment later, and lose it if the tab is left before.
    updateActiveTabValues({ variables });
  }, [variableEditor, tabId]);

  return null;
}
