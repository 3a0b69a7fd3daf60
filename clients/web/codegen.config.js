// Makes generated/ from the server's schema and the operations here, as @linnet/client makes its own.

import { hooks, settings } from '@linnet/client/codegen';

export default {
  schema: 'node_modules/@linnet/client/dist/schema.graphql',
  documents: ['src/operations/*.graphql', 'node_modules/@linnet/client/operations/fragments.graphql'],
  hooks,
  generates: { 'generated/': { preset: 'client', presetConfig: { fragmentMasking: false }, config: settings } },
};
