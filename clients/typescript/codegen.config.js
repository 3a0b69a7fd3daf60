// Makes src/generated from the server's schema and the operations here: `npm run generate`.

import { hooks, settings } from './codegen/settings.js';

// Within the package its scalars are a file.
const scalars = Object.fromEntries(
  Object.entries(settings.scalars).map(([name, type]) => [name, type.replace('@linnet/client#', '../scalars.js#')]),
);

export default {
  schema: '../../schema.graphql',
  documents: 'operations/*.graphql',
  hooks,
  generates: {
    'src/generated/operations.ts': {
      plugins: ['typescript-operations', 'typed-document-node'],
      config: { ...settings, scalars },
    },
  },
};
