import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where the server is while one develops: what is its own is handed on to it, as if the page came from there. */
const server = process.env.LINNET_URL ?? 'http://127.0.0.1:8080';

/** A page of another origin would have to be in `allowed_origins`; what has no origin is no page. */
const withoutOrigin = (proxy) => {
  for (const event of ['proxyReq', 'proxyReqWs']) proxy.on(event, (request) => request.removeHeader('origin'));
};

const toServer = { target: server, ws: true, configure: withoutOrigin };

export default defineConfig({
  // Where `linnet serve` serves it.
  base: '/app/',
  plugins: [react()],
  server: { proxy: { '/graphql': toServer, '/uploads': toServer, '/files': toServer } },
  // `npm run build` empties it: what says that it is not kept with the sources stays.
  build: { target: 'es2023', reportCompressedSize: false, emptyOutDir: false },
});
