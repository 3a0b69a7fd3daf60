import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

/** The server embeds and sends what the page loads in this form alone: a third of the size, and no work at run time. */
const gzipAssets = {
  name: 'gzip-assets',
  closeBundle() {
    const folder = join(import.meta.dirname, 'dist/assets');
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: constants.Z_BEST_COMPRESSION }));
      rmSync(file);
    }
  },
};

export default defineConfig({
  // The server gives the page itself at / and everything that the page loads below /graphiql/.
  base: '/graphiql/',
  plugins: [gzipAssets],
  build: {
    // Monaco is big by nature; the warning would only be noise in the output of cargo.
    chunkSizeWarningLimit: 8192,
    reportCompressedSize: false,
    rolldownOptions: {
      // Hundreds of "use client" in the libraries, which mean nothing outside of a server that renders React.
      onLog(level, log, handle) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  worker: { format: 'es' },
  // For who works on the page: `npm run dev` beside a server, and LINNET says where that is.
  server: { proxy: { '/graphql': { target: process.env.LINNET ?? 'http://127.0.0.1:8080', ws: true, changeOrigin: true } } },
});
