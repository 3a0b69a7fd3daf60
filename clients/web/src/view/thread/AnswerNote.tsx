import type { AssistantAnswerFieldsFragment as Answer, MessageFieldsFragment as Message } from '@linnet/client';

import { clock } from '../parts/time';
import { useThreadView } from './thread-view';

/** How far the assistant has come with the answer to a message; nothing, once that is there. */
export function AnswerNote({ answer, message, tabIndex }: { answer: Answer; message: Message; tabIndex: number }) {
  const { follower, viewerId, canManage, attempt } = useThreadView();
  const text = told(answer);
  if (text === null) return null;
  const mayRetry = message.sender?.id === viewerId || canManage;
  const isOver = answer.status === 'FAILED' || answer.status === 'LIMITED';
  return (
    <p className="message__note muted" role="status">
      {text}{' '}
      {isOver && mayRetry && (
        <button
          type="button"
          className="button"
          tabIndex={tabIndex}
          onClick={() => attempt(follower.askAgain(message.id))}
        >
          Ask again
        </button>
      )}
    </p>
  );
}

function told({ status, failure, retryAt }: Answer): string | null {
  switch (status) {
    case 'QUEUED':
      return failure === null ? 'Waiting for an answer…' : `${why(failure)} Trying again…`;
    case 'ANSWERING':
      return 'Thinking…';
    case 'FAILED':
      return failure === null ? 'There is no answer.' : why(failure);
    case 'LIMITED':
      return `Enough answers for now${retryAt ? `; more from ${clock(retryAt)} on` : ''}.`;
    default:
      // It is there; or it has come to something that a newer server has a name for.
      return null;
  }
}

function why(failure: NonNullable<Answer['failure']>): string {
  switch (failure) {
    case 'BUSY':
      return 'The assistant has too much to do.';
    case 'CUT_OFF':
    case 'STALLED':
      return 'The answer broke off.';
    case 'OFF':
    case 'REFUSED':
    case 'UNREACHABLE':
      return 'The assistant is not available.';
    default:
      return 'The assistant found no answer.';
  }
}
