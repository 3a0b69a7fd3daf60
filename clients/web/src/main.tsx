import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Session } from './follow/session';
import './style/base.css';
import './style/parts.css';
import './style/house.css';
import './style/sign-in.css';
import './style/thread.css';
import './style/message.css';
import './style/composer.css';
import './style/feed.css';
import { App } from './view/App';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');
createRoot(root).render(
  <StrictMode>
    <App session={new Session()} />
  </StrictMode>,
);
