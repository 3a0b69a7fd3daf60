// What to tell somebody of whatever went wrong.

import { LinnetError } from '@linnet/client';

/** One sentence, by the code and not by the message, which is for developers. */
export function sentence(problem: unknown): string {
  const error = LinnetError.of(problem);
  const field = error.inputErrors[0]?.path.at(-1);
  switch (error.code) {
    case 'NETWORK':
    case 'TIMEOUT':
      return 'The server can’t be reached.';
    case 'UNAVAILABLE':
      return 'The server has too much to do. Try again in a moment.';
    case 'RATE_LIMITED':
      return `That was a lot at once. Try again in ${seconds(error.retryAfterMs)}.`;
    case 'WRONG_CREDENTIALS':
      return 'That name and that password don’t belong together.';
    case 'UNAUTHENTICATED':
      return 'Your session has ended. Sign in again.';
    case 'TAKEN':
      return `That ${name(field)} is taken.`;
    case 'BLANK':
      return `The ${name(field)} is empty.`;
    case 'TOO_LONG':
      return `The ${name(field)} is too long.`;
    case 'NOT_FOUND':
    case 'ACCESS_REVOKED':
      return 'It is not there (any more).';
    case 'FORBIDDEN':
      return 'You may not do that here.';
    case 'ARCHIVED':
      return 'This conversation is archived: nothing can be changed in it.';
    case 'CONFLICT':
      return 'It has changed meanwhile.';
    case 'INTERNAL':
      return `Something went wrong on the server${error.requestId ? ` (${error.requestId})` : ''}.`;
    default:
      return field ? `That ${name(field)} can’t be used: ${error.message}` : error.message;
  }
}

function seconds(ms = 1000): string {
  const count = Math.ceil(ms / 1000);
  return count === 1 ? 'a second' : `${count} seconds`;
}

function name(field = 'text'): string {
  return { content: 'message', login: 'name', size: 'file' }[field] ?? field;
}
