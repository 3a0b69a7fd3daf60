// The audits of GraphQL over HTTP, as its authors have them: `node http.mjs http://127.0.0.1:4000`.
//
// It needs a running server. The last line is "N passed, 0 failed" and the exit code 0, or else 1. An audit that only warns has
// failed: all of what the specification recommends is kept.

import { serverAudits } from 'graphql-http';

if (!process.argv[2]) {
  console.error('usage: node http.mjs <base-url>');
  process.exit(1);
}
const url = new URL('/graphql', process.argv[2]).href;
let passed = 0;
let failed = 0;

for (const audit of serverAudits({ url })) {
  const result = await audit.fn();
  if (result.status === 'ok') {
    passed += 1;
  } else {
    failed += 1;
    console.error(`${audit.id} ${audit.name}: ${result.status}, ${result.reason}`);
  }
}
if (passed + failed < 61) {
  console.error(`there are ${passed + failed} audits, and there were 61`);
  failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
