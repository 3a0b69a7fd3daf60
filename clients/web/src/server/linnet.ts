// The client of the server, and where that is.

import { createLinnet, webStorage, type Linnet, type LinnetError } from '@linnet/client';

/** The root of the API: where this page came from, unless it was built for another place. */
export const API = new URL(import.meta.env.VITE_LINNET_URL ?? '/', location.href);

/** Tokens are kept under this name, for all tabs. */
export const TOKENS = 'linnet.tokens';

export function makeLinnet(onSessionEnd: (why: LinnetError) => void): Linnet {
  return createLinnet({ url: new URL('graphql', API).href, storage: webStorage(localStorage, TOKENS), onSessionEnd });
}
